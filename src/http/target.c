/* Splitting and decoding a request target; libmicrohttpd's own decoding hides an embedded NUL. */
#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Decodes in place. false: a percent sign is not followed by the digits of a byte above zero. */
static bool decode(char *text, bool plus_is_space)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (*in == '+' && plus_is_space) {
            *out++ = ' ';
        } else if (*in != '%') {
            *out++ = *in;
        } else {
            int high = digit_value(in[1]);
            int low = high < 0 ? -1 : digit_value(in[2]);
            if (low < 0 || high + low == 0)
                return false;
            *out++ = (char)(high * 16 + low);
            in += 2;
        }
    }
    *out = '\0';
    return true;
}

/* Where the path begins; NULL: nowhere. An absolute form without a path has the path "/". */
static const char *skip_authority(const char *text)
{
    size_t scheme = 0;
    if (strncasecmp(text, "http://", 7) == 0)
        scheme = 7;
    else if (strncasecmp(text, "https://", 8) == 0)
        scheme = 8;
    else
        return text[0] == '/' || strcmp(text, "*") == 0 ? text : NULL;
    text += scheme;
    return text[0] == '\0' || text[0] == '/' ? NULL : text + strcspn(text, "/?");
}

/* Cuts `text` at each "&" and its parts at the first "="; empty parts are skipped. */
static bool split_query(char *text, struct http_target *target)
{
    char *rest = text;
    for (char *part = strsep(&rest, "&"); part != NULL; part = strsep(&rest, "&")) {
        if (part[0] == '\0')
            continue;
        char *value = part + strcspn(part, "=");
        if (*value == '=')
            *value++ = '\0';
        if (!decode(part, true) || !decode(value, true))
            return false;
        target->query[target->query_count++] = (struct api_field){part, value};
    }
    return true;
}

static size_t count_parts(const char *query)
{
    size_t count = 1;
    for (; *query != '\0'; query++)
        count += *query == '&';
    return count;
}

/* Blanks and control characters end a target or spoil it, depending on who reads it. */
static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

enum dissolve_status http_target_parse(const char *text, struct http_target *target)
{
    enum dissolve_status status = DISSOLVE_MALFORMED;
    *target = (struct http_target){0};
    text = text == NULL || !is_visible(text) ? NULL : skip_authority(text);
    if (text == NULL)
        return status;

    /* One block: a slash for a path that is missing, then path and query, cut in place. */
    size_t length = strlen(text);
    target->path = malloc(length + 2);
    if (target->path == NULL)
        return DISSOLVE_NO_MEMORY;
    size_t slash = text[0] == '/' || text[0] == '*' ? 0 : 1;
    target->path[0] = '/';
    memcpy(target->path + slash, text, length + 1);
    char *query = strchr(target->path, '?');
    if (query != NULL) {
        *query++ = '\0';
        target->query = calloc(count_parts(query), sizeof *target->query);
        if (target->query == NULL) {
            status = DISSOLVE_NO_MEMORY;
            goto done;
        }
    }
    target->path_encoded = strchr(target->path, '%') != NULL;
    if (decode(target->path, false) && (query == NULL || split_query(query, target)))
        status = DISSOLVE_OK;
done:
    if (status != DISSOLVE_OK)
        http_target_free(target);
    return status;
}

void http_target_free(struct http_target *target)
{
    free(target->path);
    free(target->query);
    *target = (struct http_target){0};
}
