/* What all handlers share: beginning an answer and writing it. */
#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

void api_start(struct api_call *call, int status, const struct api_field *headers, size_t count)
{
    call->started = true;
    call->reply->start(call->reply->context, status, headers, count);
}

void api_start_computation(struct api_call *call, const char *content_type, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    const struct api_field headers[] = {
        {"Content-Type", content_type},
        {"Dissolve-Seed", text},
        {"Cache-Control", "no-store"},
    };
    api_start(call, 200, headers, sizeof headers / sizeof headers[0]);
}

enum dissolve_status api_write(struct api_call *call, const void *bytes, size_t size)
{
    return call->reply->write(call->reply->context, bytes, size) ? DISSOLVE_OK : DISSOLVE_CANCELLED;
}

double api_now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}
