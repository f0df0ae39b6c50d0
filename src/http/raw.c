/* Formatting and sending one short answer. */
#include "raw.h"

#include "gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* The head and the body of an answer, as text. */
struct answer {
    const struct http_exchange *exchange;
    FILE *head;
    FILE *body;
};

static void print_date(FILE *out)
{
    char date[64];
    struct tm parts;
    time_t now = time(NULL);
    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    fprintf(out, "Date: %s\r\n", date);
}

static void start(void *context, int status, const struct api_field *headers, size_t count)
{
    const struct answer *answer = context;
    const struct http_exchange *exchange = answer->exchange;
    fprintf(answer->head, "HTTP/1.1 %d %s\r\n", status, http_gate_reason(status));
    print_date(answer->head);
    fprintf(answer->head,
            "Connection: close\r\nX-Request-Id: %s\r\nX-Content-Type-Options: nosniff\r\n",
            exchange->id);
    if (exchange->origin_matters)
        fprintf(answer->head, "Vary: Origin\r\n");
    if (exchange->allow_origin != NULL)
        fprintf(answer->head,
                "Access-Control-Allow-Origin: %s\r\n"
                "Access-Control-Expose-Headers: " HTTP_EXPOSED_HEADERS "\r\n",
                exchange->allow_origin);
    for (size_t i = 0; i < count; i++)
        fprintf(answer->head, "%s: %s\r\n", headers[i].name, headers[i].value);
}

static bool write_bytes(void *context, const void *bytes, size_t size)
{
    const struct answer *answer = context;
    return fwrite(bytes, 1, size, answer->body) == size;
}

static void flush(void *context)
{
    (void)context;
}

static bool print(struct answer *answer, int status, const char *detail)
{
    const struct api_reply reply = {
        .context = answer, .start = start, .write = write_bytes, .flush = flush};
    api_refuse(&reply, answer->exchange->id, status, detail);
    return fflush(answer->body) == 0;
}

void http_raw_continue(const struct http_exchange *exchange)
{
    static const char answer[] = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)!send(exchange->fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void http_raw_refuse(struct http_exchange *exchange, int status, const char *detail)
{
    char *head = NULL, *body = NULL;
    size_t head_size = 0, body_size = 0;
    struct answer answer = {exchange, open_memstream(&head, &head_size),
                            open_memstream(&body, &body_size)};
    bool made = answer.head != NULL && answer.body != NULL && print(&answer, status, detail);
    if (made) {
        fprintf(answer.head, "Content-Length: %zu\r\n\r\n", body_size);
        fwrite(body, 1, body_size, answer.head);
    }
    if (answer.body != NULL)
        fclose(answer.body);
    if (answer.head != NULL && fclose(answer.head) == 0 && made) {
        (void)!send(exchange->fd, head, head_size, MSG_NOSIGNAL | MSG_DONTWAIT);
        atomic_store(&exchange->raw_status, status);
    }
    free(head);
    free(body);
}
