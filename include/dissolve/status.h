/* What every fallible function of the project returns, made from one table. */
#ifndef DISSOLVE_STATUS_H
#define DISSOLVE_STATUS_H

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* X(suffix, name, text): the constant DISSOLVE_<suffix>, a stable name for programs, a text for
 * people. */
#define DISSOLVE_STATUS_TABLE(X)                                                   \
    X(OK, "ok", "no error")                                                        \
    X(NO_MEMORY, "no_memory", "memory could not be allocated")                     \
    X(CANCELLED, "cancelled", "the job was cancelled")                             \
    X(INVALID, "invalid", "an argument is outside its range")                      \
    X(MALFORMED, "malformed", "the bytes are not a valid file of their kind")      \
    X(UNSUPPORTED, "unsupported", "the bytes are of a kind that is not read here") \
    X(TOO_LARGE, "too_large", "the input is larger than the limit")                \
    X(SYSTEM, "system", "the operating system refused a resource")

enum dissolve_status {
#define DISSOLVE_STATUS_CONSTANT(suffix, name, text) DISSOLVE_##suffix,
    DISSOLVE_STATUS_TABLE(DISSOLVE_STATUS_CONSTANT)
#undef DISSOLVE_STATUS_CONSTANT
};

/* A result that must be used. */
#define DISSOLVE_MUST_USE __attribute__((warn_unused_result))

/* The stable name ("no_memory") and the text of a status; both static, never NULL. */
const char *dissolve_status_name(enum dissolve_status status);
const char *dissolve_status_text(enum dissolve_status status);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
