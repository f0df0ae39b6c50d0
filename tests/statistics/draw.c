/*
 * Draws what the statistics judge. A line on standard input asks, "normals SEED STREAM T FIRST
 * COUNT" or "words SEED STREAM T FIRST BLOCKS" in decimal, and standard output gets that many
 * little-endian float32, or four times as many uint32. One process serves any number of requests.
 * It ends with 0 at the end of its input, with 1 if it cannot write or DISSOLVE_ISA names no
 * kernel, with 2 at a line that is no request.
 */
#include <dissolve/noise.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they lie");

enum { CHUNK = 1 << 15 /* values */, FIELDS = 5 };

struct request {
    bool words;
    uint64_t seed;
    enum dissolve_stream stream;
    uint32_t t;
    uint64_t first; /* element, or block where words are asked for */
    uint64_t count; /* elements or blocks */
};

/* Reads the five numbers and that nothing follows them. */
static bool parse_numbers(char *text, uint64_t number[FIELDS])
{
    for (int i = 0; i < FIELDS; i++) {
        char *end = NULL;
        if (text[0] != ' ' || text[1] < '0' || text[1] > '9')
            return false;
        errno = 0;
        number[i] = strtoull(text + 1, &end, 10);
        if (errno)
            return false;
        text = end;
    }
    return strcmp(text, "\n") == 0;
}

static bool parse(char *line, struct request *request)
{
    uint64_t number[FIELDS];
    size_t name = strcspn(line, " ");
    bool words = name == 5 && strncmp(line, "words", name) == 0;
    bool normals = name == 7 && strncmp(line, "normals", name) == 0;
    if (!(words || normals) || !parse_numbers(line + name, number))
        return false;
    if (number[1] > DISSOLVE_STREAM_COMPONENT || number[2] > UINT32_MAX)
        return false;
    *request = (struct request){.words = words,
                                .seed = number[0],
                                .stream = (enum dissolve_stream)number[1],
                                .t = (uint32_t)number[2],
                                .first = number[3],
                                .count = number[4]};
    return true;
}

static bool answer(struct request r)
{
    static union {
        float normals[CHUNK];
        uint32_t words[CHUNK];
    } room;
    const size_t per_item = r.words ? 4 : 1;
    while (r.count > 0) {
        size_t take = r.count < CHUNK / per_item ? (size_t)r.count : CHUNK / per_item;
        if (r.words)
            dissolve_words(r.seed, r.stream, r.t, r.first, take, room.words);
        else
            dissolve_normals(r.seed, r.stream, r.t, r.first, take, room.normals);
        if (fwrite(&room, 4 * per_item, take, stdout) != take)
            return false;
        r.first += take;
        r.count -= take;
    }
    return fflush(stdout) == 0;
}

int main(void)
{
    const char *isa = NULL;
    if (dissolve_isa(&isa) != DISSOLVE_OK) {
        fprintf(stderr, "statistics_draw: DISSOLVE_ISA names no kernel of this machine\n");
        return 1;
    }
    char line[160];
    while (fgets(line, sizeof line, stdin)) {
        struct request request;
        if (!parse(line, &request)) {
            fprintf(stderr, "statistics_draw: not a request: %s\n", line);
            return 2;
        }
        if (!answer(request)) {
            fprintf(stderr, "statistics_draw: %s\n", strerror(errno));
            return 1;
        }
    }
    return 0;
}
