/* Workarounds for faults of libmicrohttpd, each with its version, its symptom and its end. */
#ifndef HTTP_MHD_WORKAROUNDS_H
#define HTTP_MHD_WORKAROUNDS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Version: 0.9.75, and every one before it. Symptom: each field of a query takes 64 bytes of the
 * connection's memory; when none is left, the library queues a 431, then goes on as if it had not,
 * and the connection gets no answer until it times out. Repair: the query is cut off where the
 * library begins to parse it. Call it with the target that the URI log callback gets, in the
 * library's own buffer, once the target has been copied. Goes with: a release whose
 * parse_initial_message_line tests what MHD_parse_arguments_ returns.
 */
void http_mhd_cut_query(const char *target);

/*
 * Version: 0.9.75. Symptom: behind `Expect: 100-continue` the library sends 100 whether or not the
 * request has a body; without one it then hands the next pipelined request's bytes to this one, and
 * that request is lost. It also overlooks the expectation where a blank is behind the value.
 * Repair: the field's value, in the library's own buffer, is made empty, so that the library sends
 * no 100; http_raw_continue does. Goes with: a release that tests for a body in need_100_continue.
 */
void http_mhd_hide_expectation(const char *name, const char *value);

/*
 * Version: 0.9.75. Symptom: a request that needs nearly all of a connection's memory for its head
 * is handled, but its response has no memory left and is not sent. Repair: what the head takes of
 * it is counted, and compared with HTTP_HEAD_MEMORY. Goes with: nothing; it is a limit that the
 * documentation states.
 *
 * Returns the bytes of a head of `size` bytes with `fields` field lines and cookies.
 */
enum { HTTP_HEAD_MEMORY = 24 * 1024, HTTP_HEAD_FIELD_MEMORY = 64 };
size_t http_mhd_head_memory(size_t size, size_t fields);

/*
 * Version: 0.9.75. Symptom: the library ends a line at CRLF and at a bare LF and overwrites both
 * with NUL; a line that begins with NUL or ":" then looks like the empty one that ends the head.
 * Repair: the recv of this file, by which the library reads, examines a head before the library
 * changes it. Goes with: 0.9.77.1, which refuses such heads.
 *
 * False for a head on `fd` that mixes CRLF and bare LF, or has a NUL. The bytes of a pipelined
 * request that were read together with the request before it are not examined.
 */
bool http_mhd_head_is_plain(int fd);

/* Says that the library has taken a request line from `fd`. */
void http_mhd_begin_head(int fd);

/*
 * Version: 0.9.75. Symptom: when a connection is resumed, the library reads from it although the
 * request is complete, and closes it without a response if the client has closed its sending side.
 * Repair: the recv of this file reports no end, but that there is nothing to read, from this call
 * to http_mhd_forget_reads. Goes with: a release whose MHD_connection_handle_read keeps a
 * connection with a complete request.
 */
void http_mhd_ignore_end(int fd);

/*
 * Version: 0.9.75. Symptom: a request line that the library refuses (400, 414, 505) or
 * closes the connection for reaches no callback. Repair: the library reads by the recv of this
 * file, which notes for each descriptor whether the last read brought bytes, and the library's
 * logger, which is called right behind it on the same thread, tells the status. Goes with: a
 * release that calls the completion callback for every response.
 *
 * http_mhd_refused is the logger's: the descriptor and the status of a response that `format` says
 * the library made by itself; false: it says something else.
 * http_mhd_forget_reads says that a request has ended, or a connection has begun, on `fd`.
 * http_mhd_has_read says whether bytes have been read from `fd` since then, and neither an end nor
 * an error after them.
 */

/*
 * Version: 0.9.75. Symptom: the library sends the header section of its response to an invalid
 * Content-Length twice, and never sends its response to a query that takes all of the connection's
 * memory, if a NUL before the query hides it from http_mhd_cut_query. Repair: before the library
 * makes such a response, http_mhd_refused reports it; the server sends its own and shuts the
 * socket down. Goes with: a release whose MHD_connection_handle_idle keeps the state that
 * parse_connection_headers has set, and that tests what MHD_parse_arguments_ returns.
 */
bool http_mhd_refused(const char *format, va_list arguments, int *fd, int *status);
void http_mhd_forget_reads(int fd);
bool http_mhd_has_read(int fd);

/* Does nothing but have the linker take this file, whose recv nothing else refers to. */
void http_mhd_stand_in(void);

#endif
