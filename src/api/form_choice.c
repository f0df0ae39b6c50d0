/* Chooses the form in which the frames of a run leave. */
#include "accept.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

/* The parameter that keeps an answer from having a format; NULL: none does. */
static const char *obstacle(const struct api_parameters *parameters, enum api_format format)
{
    if (api_parameters_want_targets(parameters) && format != API_FORMAT_NPY &&
        format != API_FORMAT_NPZ)
        return "content";
    if (parameters->layout != API_LAYOUT_ANIMATION && format != API_FORMAT_PNG &&
        format != API_FORMAT_SVG)
        return "layout";
    if (parameters->terms && format != API_FORMAT_JSON && format != API_FORMAT_ZIP)
        return "measures";
    return NULL;
}

static bool is_possible(const struct api_parameters *parameters, const struct api_offer *offer)
{
    bool animated = strcmp(offer->media_type, "image/apng") == 0;
    return !obstacle(parameters, offer->format) &&
           !(offer->format == API_FORMAT_NPY && parameters->content_count > 1) &&
           !(animated && parameters->layout != API_LAYOUT_ANIMATION);
}

static const struct api_offer *offer_of(const struct api_computation *computation,
                                        enum api_format format)
{
    const struct api_offer *offer = computation->offers;
    while (offer->format != format)
        offer++;
    return offer;
}

static bool refuse_offer(const struct api_run *run, const char *culprit,
                         const struct api_offer *offer, struct api_problem *problem)
{
    return api_parameters_blame(&run->arguments, culprit, problem,
                                "%s as asked for does not go with an answer of %s", culprit,
                                offer->media_type);
}

static bool take_format(struct api_run *run, struct api_problem *problem)
{
    const struct api_parameters *parameters = &run->parameters;
    enum api_format format = parameters->format;
    const char *culprit = obstacle(parameters, format);
    if (format == API_FORMAT_NPY && parameters->content_count > 1)
        format = API_FORMAT_NPZ;
    run->offer = offer_of(run->computation, format);
    return !culprit || refuse_offer(run, culprit, run->offer, problem);
}

enum { MAX_OFFERS = 8 };

/* Some of an endpoint's offers, and their media types, as api_accept_choose takes them. */
struct choice {
    const struct api_offer *offers[MAX_OFFERS];
    const char *types[MAX_OFFERS];
    size_t count;
};

static struct choice offers_of(const struct api_run *run, bool possible)
{
    const struct api_computation *computation = run->computation;
    struct choice choice = {.count = 0};
    for (size_t i = 0; i < computation->offer_count; i++) {
        const struct api_offer *offer = &computation->offers[i];
        if (possible && !is_possible(&run->parameters, offer))
            continue;
        choice.types[choice.count] = offer->media_type;
        choice.offers[choice.count++] = offer;
    }
    return choice;
}

static const struct api_offer *preferred(const struct api_run *run, const struct choice *choice)
{
    int index = api_accept_choose(run->call->request.accept, choice->types, choice->count);
    return index < 0 ? NULL : choice->offers[index];
}

static bool refuse_accept(const struct choice *choice, struct api_problem *problem)
{
    char list[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t left = choice->count - i;
        const char *link = left > 2 ? ", " : left == 2 ? " and " : "";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", choice->types[i], link);
    }
    return api_problem_set(problem, 406, "this answer is offered as %s", list);
}

/*
 * The best of what the parameters allow. Where the client takes none of it, but something that a
 * parameter rules out, that parameter is at fault.
 */
static bool take_accept(struct api_run *run, struct api_problem *problem)
{
    const struct choice possible = offers_of(run, true), all = offers_of(run, false);
    if (possible.count == 0)
        return api_parameters_blame(&run->arguments, run->parameters.terms ? "measures" : "layout",
                                    problem, "no answer has all that is asked for");
    run->offer = preferred(run, &possible);
    if (run->offer)
        return true;
    const struct api_offer *wanted = preferred(run, &all);
    const char *culprit = wanted ? obstacle(&run->parameters, wanted->format) : NULL;
    if (culprit)
        return refuse_offer(run, culprit, wanted, problem);
    return refuse_accept(&possible, problem);
}

bool api_choose_form(struct api_run *run, struct api_problem *problem)
{
    const struct api_parameters *parameters = &run->parameters;
    if (parameters->terms && parameters->sampler != DISSOLVE_SAMPLER_CHAIN)
        return api_parameters_blame(&run->arguments, "measures", problem,
                                    "only the steps of sampler=chain have terms");
    if (!(parameters->format == API_FORMAT_UNSAID ? take_accept(run, problem)
                                                  : take_format(run, problem)))
        return false;
    run->form = run->computation->form(run, run->offer->format);
    return true;
}
