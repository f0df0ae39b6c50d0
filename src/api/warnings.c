/* Warnings of runs that do not reach noise. */
#include "warnings.h"

#include "codec/number.h"
#include "parameters.h"

#include <math.h>
#include <stdio.h>

/* The largest share of the variance that may be the input's at the end without a warning. */
static const double most_left = 0.05;

/* alpha_T^2 / (alpha_T^2 + sigma_T^2): alphas_cumprod for a process that preserves the variance. */
static double share_left(const struct dissolve_schedule *schedule)
{
    return dissolve_schedule_alpha_cumprod(schedule, dissolve_schedule_steps(schedule));
}

/* Three decimals, unless they would say that the bound or the whole variance is left. */
static double rounded(double share)
{
    double near = round(share * 1e3) / 1e3;
    return near > most_left && near < 1.0 ? near : share;
}

/* Whether scale_betas=true would be taken, and would make the betas larger. */
static bool scaling_helps(const struct dissolve_schedule_options *options)
{
    return api_schedule_has_ends(options->kind) && !options->scale_betas &&
           options->steps < DISSOLVE_SCALE_STEPS;
}

bool api_warning_of_schedule(const struct dissolve_schedule_options *options,
                             const struct dissolve_schedule *schedule, char text[API_WARNING_SIZE])
{
    char left[CODEC_NUMBER_ROOM], most[CODEC_NUMBER_ROOM];
    double share = share_left(schedule);
    text[0] = '\0';
    if (dissolve_schedule_steps(schedule) == 0 || share <= most_left)
        return false;
    snprintf(text, API_WARNING_SIZE,
             "The run does not reach noise: the last alphas_cumprod is %.*s, above %.*s; take %s.",
             (int)codec_number_print(rounded(share), left), left,
             (int)codec_number_print(most_left, most), most,
             scaling_helps(options) ? "more steps, larger betas or scale_betas=true"
                                    : "more steps or larger betas");
    return true;
}

void api_warnings_to_json(struct json_writer *json, const struct dissolve_schedule_options *options,
                          const struct dissolve_schedule *schedule)
{
    char text[API_WARNING_SIZE];
    if (!api_warning_of_schedule(options, schedule, text))
        return;
    json_key(json, "warnings");
    json_open(json, '[');
    json_text(json, text);
    json_close(json, ']');
}
