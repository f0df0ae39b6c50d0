/* The kernel's one source: Philox, Box-Muller, step, bridge, rendering; the tally is a file of its
   own. Included once per instruction set. */

/*
 * One pass works on LANES Philox blocks, 4 LANES elements, in two halves. A half's words live in
 * 64-bit lanes, where a 32 x 32 -> 64 bit multiplication needs no shuffling; the upper halves of
 * the lanes hold leftovers that nothing reads. A group (KERNEL_GROUP) is one pass or several.
 */

#include "kernel.h"
#include "lanes.h"

#include <stdbool.h>

#define PASS (4 * LANES) /* elements */

/* Steps whose words are made ahead at a time. */
#define STEPS_AHEAD 64

/* The keys of all rounds, spread over the lanes, made once per call. */
struct round_keys {
    vlong k0[PHILOX_ROUNDS];
    vlong k1[PHILOX_ROUNDS];
    vlong last; /* the last round's two as a pair */
};

static void make_round_keys(uint64_t seed, struct round_keys *keys)
{
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        keys->k0[i] = lanes_all32(k0);
        keys->k1[i] = lanes_all32(k1);
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    keys->last = (vlong)lanes_pair(keys->k0[PHILOX_ROUNDS - 1], keys->k1[PHILOX_ROUNDS - 1]);
}

/*
 * Of the first two rounds, each product depends either on the block's lower word and the stream, or
 * on the step and the block's upper word. The former are made once for all steps of a pass (block
 * part), the latter once for all passes of a step (step part); only what comes after, from the
 * third round on, is made for each pass and step.
 *
 *     round 1: c0 = high(M1 t) ^ upper ^ k0     step     round 2: c0 = high(M1 c2) ^ c1 ^ k0
 *              c1 = low(M1 t)                   step              c1 = low(M1 c2)       block
 *              c2 = high(M0 lower) ^ stream ^ k1 block            c2 = high(M0 c0) ^ c3 ^ k1
 *              c3 = low(M0 lower)               block             c3 = low(M0 c0)       step
 */
struct block_part {
    vlong c0; /* but for the step's c0 */
    vlong c1; /* with the third round's key */
    vlong c2; /* but for the step's c2 */
};

struct step_part {
    uint32_t c0;
    uint32_t c2;
    uint32_t c3; /* with the third round's key */
};

LANES_INLINE void make_block_part(vlong lower, uint32_t stream, const struct round_keys *keys,
                                  struct block_part *part)
{
    vlong p0 = lanes_mul32(lower, lanes_all32(PHILOX_M0));
    vlong c2 = lanes_xor(p0 >> 32, lanes_all32(stream), keys->k1[0]);
    vlong p1 = lanes_mul32(c2, lanes_all32(PHILOX_M1));
    part->c0 = (p1 >> 32) ^ keys->k0[1];
    part->c1 = p1 ^ keys->k0[2];
    part->c2 = p0 ^ keys->k1[1];
}

/* The parts of steps t .. t + count - 1 for blocks with that upper word. */
static void make_step_parts(uint64_t seed, uint32_t upper, uint32_t t, size_t count,
                            struct step_part *parts)
{
    uint32_t k0 = (uint32_t)seed;
    uint32_t third_k1 = (uint32_t)(seed >> 32) + 2 * PHILOX_W1;
    for (size_t i = 0; i < count; i++) {
        uint64_t p1 = (uint64_t)PHILOX_M1 * (t + (uint32_t)i);
        uint64_t p0 = (uint64_t)PHILOX_M0 * ((uint32_t)(p1 >> 32) ^ upper ^ k0);
        parts[i].c0 = (uint32_t)p1;
        parts[i].c2 = (uint32_t)(p0 >> 32);
        parts[i].c3 = (uint32_t)p0 ^ third_k1;
    }
}

struct counters {
    vlong c0, c1, c2, c3;
};

LANES_INLINE void third_round(struct counters *c, const struct block_part *block,
                              const struct step_part *step)
{
    vlong p0 = lanes_mul32(block->c0 ^ lanes_all32(step->c0), lanes_all32(PHILOX_M0));
    vlong p1 = lanes_mul32(block->c2 ^ lanes_all32(step->c2), lanes_all32(PHILOX_M1));
    c->c0 = (p1 >> 32) ^ block->c1;
    c->c1 = p1;
    c->c2 = (p0 >> 32) ^ lanes_all32(step->c3);
    c->c3 = p0;
}

LANES_INLINE void philox_round(struct counters *c, vlong k0, vlong k1)
{
    vlong p0 = lanes_mul32(c->c0, lanes_all32(PHILOX_M0));
    vlong p1 = lanes_mul32(c->c2, lanes_all32(PHILOX_M1));
    c->c0 = lanes_xor(p1 >> 32, c->c1, k0);
    c->c1 = p1;
    c->c2 = lanes_xor(p0 >> 32, c->c3, k1);
    c->c3 = p0;
}

/* What Box-Muller takes, of half a pass: in places 2 l and 2 l + 1 what makes the first two and the
   last two normals of the block in 64-bit lane l. */
struct words {
    vuint radius; /* words 0 and 2 */
    vuint angle;  /* words 1 and 3 */
};

LANES_INLINE struct words last_round(const struct counters *c, vlong key)
{
    vlong p0 = lanes_mul32(c->c0, lanes_all32(PHILOX_M0));
    vlong p1 = lanes_mul32(c->c2, lanes_all32(PHILOX_M1));
    vlong high = (vlong)lanes_pair_high(p1, p0);
    vlong low = (vlong)lanes_pair(c->c1, c->c3);
    return (struct words){(vuint)lanes_xor(high, low, key), lanes_pair(p1, p0)};
}

LANES_INLINE void pass_words(const struct block_part block[2], const struct step_part *step,
                             const struct round_keys *keys, struct words words[2])
{
    struct counters c[2];
    for (int h = 0; h < 2; h++)
        third_round(&c[h], &block[h], step);
    for (int i = 3; i < PHILOX_ROUNDS - 1; i++) {
        for (int h = 0; h < 2; h++)
            philox_round(&c[h], keys->k0[i], keys->k1[i]);
    }
    for (int h = 0; h < 2; h++)
        words[h] = last_round(&c[h], keys->last);
}

/*
 * sqrt(-2 ln u), u = ((w >> 8) + 1) 2^-24. u = m 2^e with m in [sqrt(1/2), sqrt(2)), f = m - 1,
 * -2 ln u = -2 ln 2 e + f P(f), P the minimax polynomial of -2 ln(1 + f)/f, weighted so that it
 * moves no result by more than 3e-7. (24 + e) 2^23 is taken from the bits of 2^24 u and used as it
 * stands, as an integer and as a float.
 */
LANES_INLINE vfloat radius(vuint w)
{
    const uint32_t scale = 24u << 23;
    const uint32_t sqrt_half = 0x3f3504f3;
    vuint v = (vuint) __builtin_convertvector((vint)((w >> 8) + 1), vfloat);
    vuint exponent = (v - (sqrt_half + scale)) & 0xff800000;
    vfloat e = __builtin_convertvector((vint)exponent, vfloat);
    vfloat f = (vfloat)(v - scale - exponent) - 1.0f;
    vfloat p = lanes_all(-0.24246391654014587f);
    p = lanes_fma(p, f, lanes_all(0.3786073625087738f));
    p = lanes_fma(p, f, lanes_all(-0.41028517484664917f));
    p = lanes_fma(p, f, lanes_all(0.49748724699020386f));
    p = lanes_fma(p, f, lanes_all(-0.6662240028381348f));
    p = lanes_fma(p, f, lanes_all(1.0000457763671875f));
    p = lanes_fma(p, f, lanes_all(-2.00000262260437f));
    return lanes_sqrt(lanes_fma(e, lanes_all(-1.3862943611198906f * 0x1p-23f), f * p));
}

/* Cosine and sine; sign is 0, or the sign bit where both are to be negated. */
struct direction {
    vfloat cosine;
    vfloat sine;
    vuint sign;
};

/*
 * Cosine and sine of 2 pi w / 2^32. The nearest half turn is split off; y in [-1/2, 1/2] is what
 * remains, in half turns. sin(pi y) = y S(y^2) and cos(pi y) = C(y^2), minimax polynomials with
 * absolute errors of 8e-9 and 6e-8. An odd half turn negates both: then w's upper two bits differ.
 */
LANES_INLINE struct direction direction(vuint w)
{
    vuint twice = w + w;
    vfloat y = __builtin_convertvector((vint)twice, vfloat) * 0x1p-32f;
    vfloat z = y * y;
    vfloat s = lanes_all(0.07643380761146545f);
    s = lanes_fma(s, z, lanes_all(-0.5976253747940063f));
    s = lanes_fma(s, z, lanes_all(2.549957752227783f));
    s = lanes_fma(s, z, lanes_all(-5.1677021980285645f));
    s = lanes_fma(s, z, lanes_all(3.141592502593994f));
    vfloat c = lanes_all(0.21883797645568848f);
    c = lanes_fma(c, z, lanes_all(-1.3314926624298096f));
    c = lanes_fma(c, z, lanes_all(4.058358669281006f));
    c = lanes_fma(c, z, lanes_all(-4.93479061126709f));
    c = lanes_fma(c, z, lanes_all(0.9999999403953552f));
    return (struct direction){.cosine = c, .sine = s * y, .sign = (w ^ twice) & 0x80000000};
}

LANES_INLINE void normal_pairs(struct words w, vfloat out[2])
{
    struct direction to = direction(w.angle);
    vfloat r = (vfloat)((vuint)radius(w.radius) ^ to.sign);
    lanes_zip(r * to.cosine, r * to.sine, out);
}

/* The normals of a pass, in the elements' order: n[0] holds the first LANES elements. */
LANES_INLINE void pass_normals(const struct block_part block[2], const struct step_part *step,
                               const struct round_keys *keys, vfloat n[4])
{
    struct words words[2];
    pass_words(block, step, keys, words);
    normal_pairs(words[0], n);
    normal_pairs(words[1], n + 2);
}

/* The block parts of the pass that begins with that block, a multiple of LANES. */
LANES_INLINE void begin_pass(uint64_t block, const struct kernel_noise *noise,
                             const struct round_keys *keys, struct block_part part[2])
{
    vlong lower = lanes_all64((uint32_t)block) + LANES_BLOCKS;
    make_block_part(lower, noise->stream, keys, &part[0]);
    make_block_part(lower + LANES / 2, noise->stream, keys, &part[1]);
}

/* Whether pass g of a call, beginning with that block, has another upper word than the one before.
 */
LANES_INLINE bool upper_is_new(size_t g, uint64_t block)
{
    return g == 0 || (uint32_t)block == 0;
}

LANES_INLINE void run_some(float *to, const float *from, size_t groups,
                           const struct kernel_noise *noise, const struct round_keys *keys,
                           uint32_t t, const struct kernel_step *steps, size_t count)
{
    struct step_part step[STEPS_AHEAD];
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, to += PASS, from += PASS) {
        uint64_t block = noise->block + LANES * g;
        if (upper_is_new(g, block))
            make_step_parts(noise->seed, (uint32_t)(block >> 32), t, count, step);
        struct block_part part[2];
        begin_pass(block, noise, keys, part);
        vfloat state[4];
        for (int i = 0; i < 4; i++)
            state[i] = lanes_load(from + LANES * i);
        for (size_t k = 0; k < count; k++) {
            vfloat n[4];
            pass_normals(part, &step[k], keys, n);
            vfloat a = lanes_all(steps[k].signal);
            vfloat c = lanes_all(steps[k].noise);
            for (int i = 0; i < 4; i++)
                state[i] = lanes_fma(a, state[i], c * n[i]);
        }
        for (int i = 0; i < 4; i++)
            lanes_store(to + LANES * i, state[i]);
    }
}

static void run(float *to, const float *from, size_t groups, const struct kernel_noise *noise,
                uint32_t t, const struct kernel_step *steps, size_t count)
{
    struct round_keys keys;
    make_round_keys(noise->seed, &keys);
    if (count == 0 && to != from)
        memcpy(to, from, groups * KERNEL_GROUP * sizeof *to);
    while (count > 0) {
        size_t some = count < STEPS_AHEAD ? count : STEPS_AHEAD;
        if (some == 1) /* by itself, so that it needs no loop: with every frame wanted, so it is */
            run_some(to, from, groups, noise, &keys, t, steps, 1);
        else
            run_some(to, from, groups, noise, &keys, t, steps, some);
        from = to;
        t += (uint32_t)some;
        steps += some;
        count -= some;
    }
}

static void bridge(float *x, const float *a, const float *b, size_t groups,
                   const struct kernel_noise *noise, uint32_t u,
                   const struct kernel_bridge *weights)
{
    struct round_keys keys;
    struct step_part step;
    make_round_keys(noise->seed, &keys);
    vfloat left = lanes_all(weights->left);
    vfloat right = lanes_all(weights->right);
    vfloat spread = lanes_all(weights->noise);
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, x += PASS, a += PASS, b += PASS) {
        uint64_t block = noise->block + LANES * g;
        if (upper_is_new(g, block))
            make_step_parts(noise->seed, (uint32_t)(block >> 32), u, 1, &step);
        struct block_part part[2];
        begin_pass(block, noise, &keys, part);
        vfloat n[4];
        pass_normals(part, &step, &keys, n);
        for (int i = 0; i < 4; i++) {
            vfloat from_b = lanes_fma(right, lanes_load(b + LANES * i), spread * n[i]);
            lanes_store(x + LANES * i, lanes_fma(left, lanes_load(a + LANES * i), from_b));
        }
    }
}

static void normals(float *out, size_t groups, const struct kernel_noise *noise, uint32_t t)
{
    struct round_keys keys;
    struct step_part step;
    make_round_keys(noise->seed, &keys);
    size_t passes = groups * (KERNEL_GROUP / PASS);
    for (size_t g = 0; g < passes; g++, out += PASS) {
        uint64_t block = noise->block + LANES * g;
        if (upper_is_new(g, block))
            make_step_parts(noise->seed, (uint32_t)(block >> 32), t, 1, &step);
        struct block_part part[2];
        begin_pass(block, noise, &keys, part);
        vfloat n[4];
        pass_normals(part, &step, &keys, n);
        for (int i = 0; i < 4; i++)
            lanes_store(out + LANES * i, n[i]);
    }
}

/* The contract's (x + 1)/2, clipped to [0, 1], times 255; halves are exact, so they may come last.
 */
LANES_INLINE vint levels_of(vfloat x)
{
    return __builtin_convertvector(lanes_clip(x + 1.0f, 0.0f, 2.0f) * 127.5f, vint);
}

LANES_INLINE void render_pass(const float *x, uint8_t *pixels)
{
    vint levels[4];
    for (int i = 0; i < 4; i++)
        levels[i] = levels_of(lanes_load(x + LANES * i));
    lanes_store_bytes(levels, pixels);
}

static void render(const float *x, size_t n, uint8_t *pixels)
{
    size_t whole = n - n % PASS;
    for (size_t i = 0; i < whole; i += PASS)
        render_pass(x + i, pixels + i);
    if (whole < n) {
        float rest[PASS] = {0};
        uint8_t bytes[PASS];
        memcpy(rest, x + whole, (n - whole) * sizeof *x);
        render_pass(rest, bytes);
        memcpy(pixels + whole, bytes, n - whole);
    }
}

#include "tally_template.h"

const struct kernel KERNEL_SYMBOL = {.name = KERNEL_NAME,
                                     .run = run,
                                     .bridge = bridge,
                                     .normals = normals,
                                     .render = render,
                                     .moments = moments,
                                     .tally = tally};
