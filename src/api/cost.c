/* Estimates the time of one processor core that a request takes, from one table of coefficients. */
#include "cost.h"

#include "forms.h"

/* Nanoseconds of one core for one unit of each kind of work. */
struct coefficients {
    double step;      /* a step of the schedule's table */
    double chain;     /* a draw of one element: a step of the chain */
    double jump;      /* ... straight from x_0 */
    double tree;      /* ... of a bridge */
    double load;      /* an element that becomes part of the state */
    double mixture;   /* an element drawn from a mixture */
    double level;     /* ... for each level of the search for its component */
    double exact;     /* a point of one component's density */
    double inflate;   /* a byte of a PNG's rows, as the file has them */
    double png_pixel; /* a pixel of a PNG, whatever its bits */
    double jpeg;      /* a pixel of a JPEG */
    double scan;      /* ... for each scan */
    double coded;     /* a byte of a JPEG's image data */
    double frame;     /* a frame, whatever its size */
    double pixel;     /* an element of a frame made a byte, and copied */
    double state;     /* an element of a frame kept as float32 */
    double target;    /* ... for content=noise or velocity */
    double moments;   /* ... for mean and std alone */
    double measure;   /* ... for mean, std and entropy */
    double measured;  /* a channel of a frame with entropy, whatever its size */
    double term;      /* an element of a frame for measures=terms */
    double histogram; /* an element counted in a histogram, or in the measures of its channel */
    double bin;       /* a bin as JSON: edge, count and density */
    double plot;      /* a frame as a drawing, whatever its size */
    double point;     /* ... for a point of its outline or of its exact curve */
    double png[3];    /* a byte of a frame compressed, by enum codec_compression */
    double file[3];   /* a frame compressed, whatever its size, likewise */
    double base64;    /* a byte of a PNG in JSON */
    double packed;    /* ... under gzip, on top of that */
    double number;    /* a number in JSON, printed and sent */
    double gzip;      /* ... under gzip, on top of that */
    double archive;   /* a byte of a ZIP's or an NPZ's member: checksum and copy */
    double send;      /* a byte of a response that is not JSON */
};

/* As measured by `./dev bench work` on an AMD EPYC of family 25 with AVX2, and rounded. */
static const struct coefficients ns = {
    .step = 55,
    .chain = 1.25,
    .jump = 1.1,
    .tree = 1.5,
    .load = 2,
    .mixture = 6,
    .level = 2.3,
    .exact = 2.5,
    .inflate = 5,
    .png_pixel = 8,
    .jpeg = 7,
    .scan = 1.2,
    .coded = 10,
    .frame = 600,
    .pixel = 0.4,
    .state = 0.6,
    .target = 0.3,
    .moments = 0.2,
    .measure = 0.8,
    .measured = 2500,
    .term = 1.8,
    .histogram = 1.1,
    .bin = 85,
    .plot = 3000,
    .point = 120,
    .png = {[CODEC_COMPRESSION_FAST] = 1.8,
            [CODEC_COMPRESSION_NONE] = 0.55,
            [CODEC_COMPRESSION_BEST] = 116},
    .file = {[CODEC_COMPRESSION_FAST] = 11000,
             [CODEC_COMPRESSION_NONE] = 8000,
             [CODEC_COMPRESSION_BEST] = 28000},
    .base64 = 1,
    .packed = 15,
    .number = 55,
    .gzip = 140,
    .archive = 0.6,
    .send = 0.45,
};

/* Numbers that describe a frame, or a channel of one, in JSON. */
enum { FRAME_NUMBERS = 12 };

/* The table of the schedule, and the list of its betas in a ZIP's manifest. */
static double schedule_cost(const struct api_work *work)
{
    double step = ns.step + (work->format == API_FORMAT_ZIP ? ns.number : 0);
    return step * (double)work->steps;
}

/* Levels of a search among the components. */
static double levels_of(uint64_t components)
{
    double levels = 0;
    for (; components > 1; components /= 2)
        levels++;
    return levels;
}

/* Decodes a picture; nothing for other bodies. */
static double decode_cost(const struct codec_image_info *picture)
{
    double pixels = (double)picture->width * (double)picture->height;
    if (picture->scans == 0)
        return ns.png_pixel * pixels + ns.inflate * (double)picture->raw_size;
    return (ns.jpeg + ns.scan * (double)picture->scans) * pixels +
           ns.coded * (double)picture->coded_size;
}

/* Makes the state of the picture or of the samples, which a mixture draws first. */
static double input_cost(const struct api_work *work)
{
    double draw = work->components > 0 ? ns.mixture + ns.level * levels_of(work->components) : 0;
    return decode_cost(&work->picture) + (ns.load + draw) * (double)work->elements;
}

/* Of one pass over the frames. */
static double draw_cost(const struct api_work *work)
{
    double draw = work->sampler == DISSOLVE_SAMPLER_CHAIN  ? ns.chain
                  : work->sampler == DISSOLVE_SAMPLER_JUMP ? ns.jump
                                                           : ns.tree;
    return draw * (double)work->draws * (double)work->elements;
}

static double number_cost(const struct api_work *work)
{
    return work->gzip ? ns.number + ns.gzip : ns.number;
}

/* A frame of a histogram endpoint: counting, and the text. Bins without an element are short. */
static double histogram_cost(const struct api_work *work)
{
    double elements = (double)work->elements, channels = (double)work->channels;
    double bins = (double)work->bins * channels;
    double filled = bins < elements ? bins : elements;
    double count = (ns.state + ns.histogram) * elements;
    if (work->format == API_FORMAT_SVG) {
        double points = filled + (work->components > 0 ? API_PLOT_CURVE : 0);
        double point = work->gzip ? ns.point + ns.gzip : ns.point;
        return count + ns.plot * channels + point * points;
    }
    double measure = work->endpoint == API_IMAGES_HISTOGRAMS
                         ? ns.histogram * elements + ns.measured * channels
                         : ns.moments * elements;
    double numbers = number_cost(work) * FRAME_NUMBERS * channels;
    double pack = work->gzip ? ns.gzip * (bins + 2 * filled) : 0;
    double exact = work->components > 0 ? number_cost(work) * bins : 0;
    return count + measure + numbers + ns.bin * bins + pack + exact;
}

/* A frame of an array, or of samples as numbers. */
static double array_cost(const struct api_work *work)
{
    double elements = (double)work->elements;
    if (work->format == API_FORMAT_JSON)
        return (ns.state + ns.moments) * elements + number_cost(work) * (elements + FRAME_NUMBERS);
    double bytes = (double)sizeof(float) * elements;
    double send = work->format == API_FORMAT_NPZ ? ns.send + ns.archive : ns.send;
    return (ns.state + ns.target) * elements + send * bytes;
}

/* A frame as PNG, alone or in something; a byte for each element. */
static double picture_cost(const struct api_work *work)
{
    double bytes = (double)work->elements;
    double png =
        ns.file[work->compression] + (ns.pixel + ns.png[work->compression] + ns.send) * bytes;
    double text = ns.measured * (double)work->channels + ns.measure * bytes +
                  number_cost(work) * FRAME_NUMBERS;
    if (work->format == API_FORMAT_ZIP)
        return png + text + ns.archive * bytes;
    if (work->format == API_FORMAT_JSON)
        return png + text + (work->gzip ? ns.base64 + ns.packed : ns.base64) * bytes;
    return png;
}

static double frame_cost(const struct api_work *work)
{
    double terms = work->terms ? ns.term * (double)work->elements : 0;
    bool array = work->endpoint == API_SAMPLES_FRAMES || work->format == API_FORMAT_NPY ||
                 work->format == API_FORMAT_NPZ;
    if (work->endpoint & API_HISTOGRAMS)
        return ns.frame + terms + histogram_cost(work);
    return ns.frame + terms + (array ? array_cost(work) : picture_cost(work));
}

uint64_t api_cost_estimate(const struct api_work *work)
{
    double pass = draw_cost(work) + (double)work->frames * frame_cost(work);
    double sum = schedule_cost(work) + input_cost(work) + (double)work->passes * pass +
                 ns.exact * (double)work->exact;
    return sum < 0x1p64 ? (uint64_t)sum : UINT64_MAX;
}
