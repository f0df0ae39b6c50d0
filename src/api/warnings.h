/* Warnings: a run that works, but may not be what its client means. */
#ifndef API_WARNINGS_H
#define API_WARNINGS_H

#include "json_write.h"

#include <dissolve/schedule.h>

/* Room for the longest warning, and its NUL. */
enum { API_WARNING_SIZE = 160 };

/*
 * Writes the warning of a run of at least one step that does not reach noise: the last
 * alphas_cumprod is above 0.05. One line of ASCII, the value of the header Dissolve-Warning.
 * false, and an empty text: there is nothing to warn of. options are those that the schedule was
 * made from: the advice depends on them.
 */
bool api_warning_of_schedule(const struct dissolve_schedule_options *options,
                             const struct dissolve_schedule *schedule, char text[API_WARNING_SIZE]);

/* The member `warnings` of the object that is open, an array of strings, if there is a warning. */
void api_warnings_to_json(struct json_writer *json, const struct dissolve_schedule_options *options,
                          const struct dissolve_schedule *schedule);

#endif
