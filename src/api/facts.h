/* What a run was made from, as a list of names and values: told in JSON and in PNG alike. */
#ifndef API_FACTS_H
#define API_FACTS_H

#include "json_write.h"
#include "parameters.h"

enum api_fact_kind {
    API_FACT_TEXT,
    API_FACT_WHOLE,
    API_FACT_WIDE, /* a whole number that JSON holds only as a string */
    API_FACT_REAL,
    API_FACT_FLAG,
    API_FACT_LIST,
};

struct api_fact {
    const char *name;
    enum api_fact_kind kind;
    const char *text;
    uint64_t whole; /* of API_FACT_FLAG, too */
    double real;
    const double *list; /* borrowed from the parameters */
    size_t count;
};

/* At least as many as any function below lists. */
enum { API_MAX_FACTS = 16 };

/* steps, schedule, its own parameters (beta, or beta_start and beta_end...; scale_betas only if it
   is true), parameterization, rescale_zero_snr. Returns how many. */
size_t api_facts_of_schedule(const struct api_parameters *parameters, struct api_fact *facts);

/* seed, steps, sampler, what the schedule has, start_step, noise_version; offset for samples. */
size_t api_facts_of_run(enum api_endpoint endpoint, const struct api_parameters *parameters,
                        struct api_fact *facts);

/* What a picture tells of its run: the same without offset, and rescale_zero_snr and start_step
   only where they are not the default. */
size_t api_facts_of_recipe(const struct api_parameters *parameters, struct api_fact *facts);

/* As members of the object that is open; without lists where those stand elsewhere. */
void api_facts_to_json(struct json_writer *json, const struct api_fact *facts, size_t count,
                       bool lists);

/*
 * As a query string, "seed=42&steps=20...", ended by a NUL. A list of more than 2,048 characters is
 * left out.
 */
DISSOLVE_MUST_USE enum dissolve_status api_facts_to_query(const struct api_fact *facts,
                                                          size_t count, struct codec_buffer *out);

#endif
