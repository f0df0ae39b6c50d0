/* Formatting and sending one short answer. */
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static void print_head(FILE *out, const struct http_exchange *exchange, const char *reason,
                       size_t size)
{
    char date[64];
    struct tm parts;
    time_t now = time(NULL);
    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    fprintf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n", exchange->status, reason,
            date);
    fprintf(out, "X-Request-Id: %s\r\nAccess-Control-Allow-Origin: *\r\n", exchange->id);
    fprintf(out, "Access-Control-Expose-Headers: " HTTP_EXPOSED_HEADERS "\r\n");
    for (size_t i = 0; i < exchange->header_count; i++)
        fprintf(out, "%s: %s\r\n", exchange->headers[i].name, exchange->headers[i].value);
    fprintf(out, "Content-Length: %zu\r\n\r\n", size);
}

void http_raw_send(struct http_exchange *exchange, const char *reason, int fd)
{
    const void *bytes;
    size_t size;
    char *text = NULL;
    size_t length = 0;
    if (!http_pipe_whole(exchange->pipe, &bytes, &size))
        return;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return;
    print_head(out, exchange, reason, size);
    if (bytes != NULL)
        fwrite(bytes, 1, size, out);
    if (fclose(out) == 0)
        (void)!send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    free(text);
}
