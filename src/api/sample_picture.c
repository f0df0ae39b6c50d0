/* A lake at dawn, drawn with + - * / sqrt and integers only, so that every machine draws the same.
 */
#include "sample_picture.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = API_SAMPLE_SIDE, RIDGES = 4, POSTS = 9, POST_GAP = SIDE / (POSTS - 1) };

static const float shoreline = 322, sun_x = 176, sun_y = 240; /* the lake's first row, the sun */

/* Red, green, blue in 0..1 and a spare lane. */
typedef float color __attribute__((vector_size(16)));

/* A range of hills: posts give its outline every POST_GAP columns, rough what lies between. */
static const struct {
    float posts[POSTS], rough;
    float trees, mist; /* height of the spruces on it, and of the mist that lies on the lake */
    uint32_t top, foot;
} ridges[RIDGES] = {
    {{206, 168, 232, 272, 236, 142, 190, 214, 200}, 40, 0, 140, 0x6a5c92, 0xe5a08c},
    {{252, 262, 290, 296, 286, 268, 240, 262, 250}, 20, 0, 46, 0x4c4880, 0xb97f94},
    {{282, 296, 306, 312, 308, 300, 286, 276, 290}, 12, 8, 46, 0x2b3566, 0x655d8c},
    {{300, 312, 326, 340, 340, 340, 318, 300, 292}, 8, 15, 46, 0x11203f, 0x2a2f55},
};

/* A convex polygon, clockwise as seen: its first corner is a topmost one, its third a lowest. */
struct shape {
    uint32_t color;
    int corners;
    float alpha, x[4], y[4];
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Relative to the middle of the tower's foot. */
static const struct shape lighthouse[] = {
    {0x1a2038, 4, 1, {-40, 46, 62, -66}, {-6, -6, 24, 24}}, /* rock, and its sunlit faces */
    {0x1a2038, 4, 1, {-24, 40, 56, -44}, {-9, -9, 10, 10}},
    {0x6d4a63, 4, 1, {-40, -26, -38, -60}, {-5, -4, 17, 17}},
    {0x57405f, 4, 1, {-24, -14, -12, -30}, {-9, -9, 12, 12}},
    {0x43365a, 3, 1, {2, 14, -4, 0}, {-6, -5, 14, 0}},
    {0xe9dccb, 4, 1, {14, 38, 38, 14}, {-20, -20, -5, -5}}, /* keeper's house */
    {0xb3352f, 4, 1, {16, 36, 42, 10}, {-30, -30, -19, -19}},
    {0xffc94f, 4, 1, {20, 25, 25, 20}, {-16, -16, -10, -10}},
    {0xffc94f, 4, 1, {29, 34, 34, 29}, {-16, -16, -10, -10}},
    {0xfbf1e1, 4, 1, {-7.5f, 7.5f, 12, -12}, {-90, -90, 0, 0}}, /* tower, red bands, shade */
    {0xd62f30, 4, 1, {-8.4f, 8.4f, 9.5f, -9.5f}, {-72, -72, -54, -54}},
    {0xd62f30, 4, 1, {-10.5f, 10.5f, 11.6f, -11.6f}, {-36, -36, -18, -18}},
    {0x28224c, 4, 0.25f, {-1, 7.5f, 12, -1}, {-90, -90, 0, 0}},
    {0x28224c, 4, 0.35f, {3.5f, 7.5f, 12, 5.5f}, {-90, -90, 0, 0}},
    {0x28224c, 4, 1, {-2, 2, 2, -2}, {-67, -67, -60, -60}},
    {0x28224c, 4, 1, {-3, 3, 3, -3}, {-11, -11, 0, 0}},
    {0x1c2140, 4, 1, {-12, 12, 10, -10}, {-95, -95, -90, -90}}, /* gallery, lantern, dome */
    {0xfff0a0, 4, 1, {-6, 6, 6, -6}, {-109, -109, -95, -95}},
    {0x1c2140, 4, 1, {-0.8f, 0.8f, 0.8f, -0.8f}, {-109, -109, -95, -95}},
    {0xc22a2e, 4, 1, {-1, 1, 8, -8}, {-119, -119, -108, -108}},
};

/* Relative to the middle of its waterline. */
static const struct shape boat[] = {
    {0x4a2b2a, 4, 1, {-0.9f, 0.9f, 0.9f, -0.9f}, {-64, -64, -6, -6}}, /* mast */
    {0xfff4dd, 3, 1, {2, 32, 2, 0}, {-62, -11, -11, 0}},              /* mainsail */
    {0xe0a98c, 3, 0.6f, {2, 32, 18, 0}, {-62, -11, -11, 0}},
    {0xf0562f, 3, 1, {-2, -2, -25, 0}, {-55, -10, -10, 0}}, /* jib */
    {0x8e1f2b, 4, 1, {-29, 35, 26, -20}, {-8, -8, 1, 1}},   /* hull */
    {0xfff0d8, 4, 1, {-29, 35, 34, -28}, {-8, -8, -6, -6}},
};

/* The middle of each bird and the length of its wings. */
static const float birds[][3] = {
    {262, 118, 13}, {290, 102, 10}, {306, 124, 8}, {240, 138, 7}, {322, 108, 6}};

static float clamp(float v)
{
    v = v > 0 ? v : 0;
    return v < 1 ? v : 1;
}

/* 0 at lo, 1 at hi, a smooth cubic between them; hi < lo falls instead of rising. */
static float ramp(float lo, float hi, float v)
{
    float t = clamp((v - lo) / (hi - lo));
    return t * t * (3 - 2 * t);
}

static color rgb(uint32_t hex)
{
    return (color){(float)(hex >> 16), (float)(hex >> 8 & 255), (float)(hex & 255)} * (1.0f / 255);
}

static color blend(color a, color b, float t)
{
    return a + (b - a) * t;
}

/* A number in [0, 1), always the same for two integers and a purpose. */
static float chance(int x, int y, uint32_t purpose)
{
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^ purpose * 0xc2b2ae3du;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)((h ^ h >> 15) >> 8) * 0x1p-24f;
}

/* Random values on the integer grid, smoothly joined: -1..1. */
static float texture(float x, float y, uint32_t purpose)
{
    int i = (int)x - (x < 0), j = (int)y - (y < 0);
    color left = {chance(i, j, purpose), chance(i, j + 1, purpose)};
    color right = {chance(i + 1, j, purpose), chance(i + 1, j + 1, purpose)};
    color c = blend(left, right, ramp(0, 1, x - (float)i));
    return 2 * (c[0] + (c[1] - c[0]) * ramp(0, 1, y - (float)j)) - 1;
}

/* Three octaves of texture: what clouds and rock are made of. */
static float turbulence(float x, float y, uint32_t purpose)
{
    return 0.5f * texture(x, y, purpose) + 0.25f * texture(2 * x, 2 * y, purpose + 1) +
           0.125f * texture(4 * x, 4 * y, purpose + 2);
}

/* A ridge's outline: midpoint displacement between the posts, then spruces, each a spike. */
static void raise_ridge(int ridge, float line[SIDE + 1])
{
    float rough = ridges[ridge].rough, trees = ridges[ridge].trees, gap = trees * 0.42f;
    for (int i = 0; i < POSTS; i++)
        line[i * POST_GAP] = ridges[ridge].posts[i];
    for (int half = POST_GAP / 2; half > 0; half /= 2, rough *= 0.52f)
        for (int x = half; x < SIDE; x += 2 * half)
            line[x] =
                line[x - half] / 2 + line[x + half] / 2 + rough * (chance(x, ridge, 10) - 0.5f);
    for (int k = 0; trees > 0 && (float)k * gap < SIDE - gap; k++) {
        float x = ((float)k + chance(k, ridge, 11)) * gap, foot = line[(int)x];
        float tall = trees * (0.35f + chance(k, ridge, 12)), wide = tall * 0.3f;
        for (int c = (int)(x - wide); (float)c < x + wide; c++) {
            float tip = foot - tall * (1 - fabsf(x - (float)c) / wide);
            if (c >= 0 && c <= SIDE && tip < line[c])
                line[c] = tip;
        }
    }
}

/* Stars, one in some cells of a grid, and a thin moon: a disc less another one. */
static float night_lights(float x, float y)
{
    int i = (int)(x / 17), j = (int)(y / 17);
    float sx = ((float)i + 0.15f + 0.7f * chance(i, j, 41)) * 17 - x;
    float sy = ((float)j + 0.15f + 0.7f * chance(i, j, 42)) * 17 - y;
    float size = 0.35f + 1.25f * chance(i, j, 43) * chance(i, j, 44);
    float star = chance(i, j, 45) < 0.6f ? clamp(size + 0.5f - sqrtf(sx * sx + sy * sy)) : 0;
    float mx = x - 428, my = y - 62, nx = x - 435, ny = y - 56;
    float moon = clamp(19 - sqrtf(mx * mx + my * my)) * clamp(sqrtf(nx * nx + ny * ny) - 17);
    return clamp(star * ramp(150, 30, y) + moon);
}

static color sky(float x, float y)
{
    static const float stops[] = {0, 80, 150, 205, 250, 322};
    static const uint32_t hues[] = {0x0d1238, 0x2b2765, 0x6d4488, 0xc76a88, 0xf59a70, 0xffd98c};
    int i = (y > 80) + (y > 150) + (y > 205) + (y > 250);
    color c = blend(rgb(hues[i]), rgb(hues[i + 1]), (y - stops[i]) / (stops[i + 1] - stops[i]));
    float dx = x - sun_x, dy = y - sun_y, d2 = dx * dx + dy * dy;
    c += rgb(0xff8a3c) * (0.55f / (1 + d2 / 9000)) + rgb(0xffe9a8) * (0.5f / (1 + d2 / 900));
    c = blend(c, rgb(0xffeca8) * 1.45f, clamp(25.5f - sqrtf(d2)));
    if (y < 150)
        c = blend(c, rgb(0xfff6dc), night_lights(x, y));
    float veil = ramp(20, 110, y) * ramp(262, 190, y);
    float cloud = veil == 0 ? 0 : ramp(0.06f, 0.48f, turbulence(x / 130 + y / 90, y / 17, 50));
    return blend(c, blend(rgb(0x5a3f80), rgb(0xffb08a), ramp(70, 230, y)), 0.75f * veil * cloud);
}

/* The rock of the highest range: snow where it is high, and faces that look to the sun or away. */
static color alpine(float x, float y, float below)
{
    float face = turbulence((x + below * 0.4f) / 28, (y - below * 0.55f) / 50, 60);
    float lit = ramp(-0.07f, 0.07f, face + 0.05f);
    float edge = y > 270 ? 0 : 212 + 60 * turbulence((x - 0.2f * below) / 13, y / 60, 70);
    color stone = blend(rgb(ridges[0].top), rgb(0xb9778c), 0.55f * lit);
    return blend(stone, blend(rgb(0x8e86bd), rgb(0xffdcc8), lit), ramp(y - 4, y + 4, edge));
}

/* Birds: two wings each that thin out towards their tips. */
static color flock(color c, float x, float y)
{
    for (size_t i = 0; i < COUNT(birds) && y < 150; i++) {
        const float *bird = birds[i];
        float u = fabsf(x - bird[0]) / bird[2];
        float off = fabsf(y - bird[1] + bird[2] * u * (1.25f - 1.05f * u));
        if (u < 1)
            c = blend(c, rgb(0x1d1a3a), clamp(1.9f - 1.1f * u - off));
    }
    return c;
}

/* Paints shapes over c; how much of a pixel one covers comes from the distance to its edges. */
static color paint(color c, const struct shape *shapes, size_t count, float x, float y)
{
    for (const struct shape *s = shapes; s < shapes + count; s++) {
        if (y < s->y[0] - 1 || y > s->y[2] + 1)
            continue;
        float inside = 1;
        for (int i = 0; i < s->corners; i++) {
            int k = (i + 1) % s->corners;
            float ex = s->x[k] - s->x[i], ey = s->y[k] - s->y[i];
            float cross = ex * (y - s->y[i]) - ey * (x - s->x[i]);
            float cover = clamp(cross / sqrtf(ex * ex + ey * ey) + 0.5f);
            inside = cover < inside ? cover : inside;
        }
        c = blend(c, rgb(s->color), s->alpha * inside);
    }
    return c;
}

/* Everything above the lake, from the nearest ridge that hides what is behind it to the front. */
static color land(float lines[RIDGES][SIDE + 1], float x, float y)
{
    float inside = x < 0 ? 0 : x > SIDE - 1 ? SIDE - 1 : x, below[RIDGES], cover[RIDGES];
    int column = (int)inside, i = RIDGES;
    do {
        i--;
        float left = lines[i][column], slope = lines[i][column + 1] - left;
        below[i] = y - left - slope * (inside - (float)column);
        cover[i] = below[i] < -12 ? 0 : clamp(below[i] / sqrtf(1 + slope * slope) + 0.5f);
    } while (i > 0 && cover[i] < 1);
    color c = cover[i] < 1 ? sky(x, y) : rgb(0);
    for (; i < RIDGES; i++) {
        if (cover[i] == 0)
            continue;
        color hill = i == 0 ? alpine(x, y, below[0]) : rgb(ridges[i].top);
        c = blend(c,
                  blend(hill, rgb(ridges[i].foot), ramp(shoreline - ridges[i].mist, shoreline, y)),
                  cover[i]);
    }
    return x < 368 || x > 502 || y < 180
               ? c
               : paint(c, lighthouse, COUNT(lighthouse), x - 436, y - 300);
}

/* The lake: what stands above it, mirrored, broken by ripples that grow towards the viewer. */
static color lake(float lines[RIDGES][SIDE + 1], float x, float y)
{
    float depth = y - shoreline, u = (x - 256) * 11 / (depth + 40), v = 4400 / (depth + 30);
    float wave = texture(u, v, 80) + 0.4f * texture(u * 1.7f, v * 1.6f, 81);
    float across = x + wave * (0.5f + depth * 0.015f);
    float up = shoreline - depth * 1.18f + wave * (0.6f + depth * 0.06f);
    color c = land(lines, across, up < shoreline ? up : shoreline);
    c *= blend(rgb(0xd0cfe4), rgb(0x8b93bd), ramp(0, 190, depth));
    c += rgb(0x2a4a78) * (0.12f + 0.5f * ramp(0.7f, 0.95f, wave));
    float off = (x - sun_x) / (13 + depth * 0.2f);
    return blend(c, rgb(0xffe9ae), 0.9f * ramp(0.2f, 0.55f, wave - 0.5f * off * off));
}

/* One of 128 shades, spread over 0..255: the eye misses none, and a PNG is smaller for it. */
static uint8_t shade(float intensity)
{
    unsigned level = (unsigned)(clamp(intensity) * 127 + 0.5f);
    return (uint8_t)(level << 1 | level >> 6);
}

/* The boat and its image in the water. */
static color sail(color c, float x, float y)
{
    float dx = x - 246, dy = y - 414;
    if (dx < -60 || dx > 60 || dy < -70 || dy > 70)
        return c;
    float wave = dy > 0 ? texture(x / 15, y / 3.2f, 82) * (1 + dy * 0.07f) : 0;
    color painted = paint(c, boat, COUNT(boat), dx + wave * 1.6f, dy > 0 ? wave - dy : dy);
    return blend(c, painted, dy > 0 ? 0.72f * ramp(70, 20, dy) : 1);
}

/* Reeds: how much of a pixel they cover, 0..255, is put where its red will be. */
static void grow_reeds(uint8_t *pixels)
{
    for (int i = 0; i < 46; i++) {
        float foot = 150 * chance(i, 0, 90) * chance(i, 1, 90) - 6, bend = chance(i, 3, 90) - 0.24f;
        float tall = (60 + 110 * chance(i, 2, 90)) * (1 - foot / 260);
        for (int y = SIDE - (int)tall; y < SIDE; y++) {
            float h = (float)(SIDE - y) / tall, middle = foot + bend * tall * 0.5f * h * h;
            float half = i % 5 ? 2.3f * (1 - h) + 0.35f : h > 0.8f && h < 0.97f ? 3.2f : 0.9f;
            for (int x = middle < 4 ? 0 : (int)middle - 4; (float)x < middle + 5; x++) {
                uint8_t *cover = pixels + (y * SIDE + x) * 3;
                float c = 255 * clamp(half + 0.5f - fabsf((float)x - middle));
                *cover = c > *cover ? (uint8_t)c : *cover;
            }
        }
    }
}

enum dissolve_status api_sample_picture(uint32_t *width, uint32_t *height, uint8_t **pixels)
{
    float lines[RIDGES][SIDE + 1];
    *width = *height = SIDE;
    uint8_t *pixel = *pixels = calloc((size_t)SIDE * SIDE, 3);
    if (!pixel)
        return DISSOLVE_NO_MEMORY;
    for (int i = 0; i < RIDGES; i++)
        raise_ridge(i, lines[i]);
    grow_reeds(pixel);
    for (int i = 0; i < SIDE * SIDE; i++, pixel += 3) {
        const int column = i % SIDE, row = i / SIDE;
        float x = (float)column, y = (float)row;
        color c = y < shoreline ? flock(land(lines, x, y), x, y) : sail(lake(lines, x, y), x, y);
        c = blend(c, rgb(0x0a0f24), *pixel / 255.0f);
        for (int k = 0; k < 3; k++)
            pixel[k] = shade(c[k]);
    }
    return DISSOLVE_OK;
}
