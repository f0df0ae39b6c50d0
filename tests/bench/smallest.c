/* The smallest program of libmicrohttpd: what GET /healthz could cost at best. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char BODY[] = "ok\n";

/*
 * MHD calls it when the head is here and again when the request is complete; answered the first
 * time, the connection would end with the answer.
 */
static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    if (!*request) {
        *request = response;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

/* The threads that the server's door has, in the same mode; on a free port of this machine. */
int main(int argc, char **argv)
{
    long threads = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (threads < 2 || threads > 64) {
        fprintf(stderr, "usage: bench_smallest THREADS (2..64); it ends with SIGTERM\n");
        return 2;
    }
    sigset_t end; /* blocked before there are threads, so that it waits for sigwait */
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof BODY - 1, BODY, MHD_RESPMEM_PERSISTENT);
    if (!response || MHD_add_response_header(response, "Content-Type", "text/plain") != MHD_YES)
        return 1;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                         MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "bench_smallest: libmicrohttpd did not start\n");
        return 1;
    }
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("listening on 127.0.0.1:%u\n", port ? (unsigned)port->port : 0);
    fflush(stdout);
    int which = 0;
    sigwait(&end, &which);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
