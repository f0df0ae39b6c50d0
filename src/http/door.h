/* The door: takes requests from the sockets, and answers to them. */
#ifndef HTTP_DOOR_H
#define HTTP_DOOR_H

#include "../api/api.h"
#include "address.h"
#include <dissolve/pool.h>

/* Nothing may be zero or NULL. What is pointed to must outlive the door. */
struct door_options {
    struct http_address listen;
    struct api_service *service;
    struct dissolve_pool *pool;
    size_t queue;            /* requests that may wait for a job thread */
    unsigned job_threads;    /* requests worked on at the same time */
    unsigned socket_threads; /* at least 2 */
    unsigned idle_timeout;   /* seconds until a connection on which nothing happens is closed */
};

struct door;

/* Starts to serve. DISSOLVE_SYSTEM: it could not listen or start a thread; errno may say why. */
DISSOLVE_MUST_USE enum dissolve_status door_open(const struct door_options *options,
                                                 struct door **door);

/* Where it listens. */
const struct http_address *door_address(const struct door *door);

/*
 * Stops listening and tells connections to close. Requests whose head is here are still served,
 * later ones get 503 if they are work. door_idle becomes readable when the last one is answered.
 */
void door_drain(struct door *door);
int door_idle(const struct door *door);

/* Cancels every job and gives up every answer. */
void door_cancel(struct door *door);

/* Waits for the job threads, cuts what is left of the connections, frees all. NULL is fine. */
void door_close(struct door *door);

#endif
