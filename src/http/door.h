/* The door: takes requests from the sockets, and answers to them. */
#ifndef HTTP_DOOR_H
#define HTTP_DOOR_H

#include "../api/api.h"
#include "configuration.h"
#include "log.h"
#include <dissolve/pool.h>

/* Nothing may be zero or NULL but log. What is pointed to must outlive the door. */
struct door_options {
    const struct http_configuration *configuration;
    const struct http_sizing *sizing;
    struct api_service *service;
    struct dissolve_pool *pool;
    struct http_log *log;
    const char *isa;         /* told in the figures */
    unsigned job_threads;    /* requests worked on at the same time */
    unsigned socket_threads; /* at least 2 */
    int descriptors;         /* a client's connection has a lower number than this */
};

struct door;

/*
 * Starts all threads and listens; nothing is accepted before door_start. DISSOLVE_SYSTEM: it could
 * not listen at *refused, one of the configuration's, or, where that is NULL, not start at all;
 * errno may say why.
 */
DISSOLVE_MUST_USE enum dissolve_status door_open(const struct door_options *options,
                                                 struct door **door,
                                                 const struct http_address **refused);

/* Accepts connections from now on. false: no memory. */
DISSOLVE_MUST_USE bool door_start(struct door *door);

/* Where it listens; for operators NULL if there is no address for them alone. */
const struct http_address *door_address(const struct door *door);
const struct http_address *door_admin_address(const struct door *door);

/*
 * Stops listening and tells connections to close. Requests whose head is here are still served,
 * later ones get 503 if they are work. door_idle becomes readable when the last one is answered.
 * The admin listener goes on to answer.
 */
void door_drain(struct door *door);
int door_idle(const struct door *door);

/* Stops every job: what has not been answered gets 503, what has begun is cut off. */
void door_stop_jobs(struct door *door);

/* Whether there is a job that has not ended. */
bool door_works(const struct door *door);

/* Cancels every job and gives up every answer. */
void door_cancel(struct door *door);

/* Waits for the job threads, cuts what is left of the connections, frees all. NULL is fine. */
void door_close(struct door *door);

#endif
