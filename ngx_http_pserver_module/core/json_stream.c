/*
 * Is it a JSON object?  A state machine over bytes.
 */

#include "json_stream.h"

#include <string.h>


typedef enum {
    JS_START = 0,            /* before the object */
    JS_VALUE,
    JS_VALUE_OR_END,         /* after [ */
    JS_NAME,                 /* after , in an object */
    JS_NAME_OR_END,          /* after { */
    JS_COLON,
    JS_AFTER,                /* a value is complete */
    JS_STRING,
    JS_ESCAPE,
    JS_HEX,
    JS_UTF8,
    JS_LITERAL,
    JS_MINUS,
    JS_ZERO,
    JS_INT,
    JS_DOT,
    JS_FRACTION,
    JS_E,
    JS_E_SIGN,
    JS_EXPONENT,
    JS_END,                  /* after the object */
    JS_BAD
} pserver_json_stream_state_e;


static unsigned pserver_json_stream_next(pserver_json_stream_t *js,
    u_char ch);
static unsigned pserver_json_stream_value(pserver_json_stream_t *js,
    u_char ch);
static unsigned pserver_json_stream_open(pserver_json_stream_t *js,
    unsigned object);
static unsigned pserver_json_stream_close(pserver_json_stream_t *js,
    unsigned object);
static unsigned pserver_json_stream_after(pserver_json_stream_t *js,
    u_char ch);
static unsigned pserver_json_stream_string(pserver_json_stream_t *js,
    u_char ch);
static unsigned pserver_json_stream_utf8(pserver_json_stream_t *js,
    u_char ch);
static unsigned pserver_json_stream_number(pserver_json_stream_t *js,
    u_char ch);


#define pserver_json_is_space(ch)                                             \
    ((ch) == ' ' || (ch) == '\t' || (ch) == '\n' || (ch) == '\r')

#define pserver_json_is_digit(ch)  ((ch) >= '0' && (ch) <= '9')


void
pserver_json_stream_init(pserver_json_stream_t *js)
{
    memset(js, 0, sizeof(pserver_json_stream_t));
}


int
pserver_json_stream_feed(pserver_json_stream_t *js, const u_char *data,
    size_t len)
{
    const u_char  *p, *last;

    last = data + len;

    for (p = data; p < last; p++) {

        /* most bytes of most texts */

        if (js->state == JS_STRING) {
            while (p < last && *p >= 0x20 && *p < 0x80 && *p != '"'
                   && *p != '\\')
            {
                p++;
            }

            if (p == last) {
                break;
            }
        }

        js->state = pserver_json_stream_next(js, *p);

        if (js->state == JS_BAD) {
            return PSERVER_INVALID;
        }
    }

    return js->state == JS_BAD ? PSERVER_INVALID : PSERVER_OK;
}


int
pserver_json_stream_end(const pserver_json_stream_t *js)
{
    return js->state == JS_END ? PSERVER_OK : PSERVER_INVALID;
}


static unsigned
pserver_json_stream_next(pserver_json_stream_t *js, u_char ch)
{
    u_char  lower;

    switch (js->state) {

    case JS_STRING:
        return pserver_json_stream_string(js, ch);

    case JS_UTF8:
        if (ch < js->low || ch > js->high) {
            return JS_BAD;
        }

        js->low = 0x80;
        js->high = 0xbf;

        return --js->need ? JS_UTF8 : JS_STRING;

    case JS_ESCAPE:
        if (ch == 'u') {
            js->need = 4;
            return JS_HEX;
        }

        return (ch && strchr("\"\\/bfnrt", ch)) ? JS_STRING : JS_BAD;

    case JS_HEX:
        lower = ch | 0x20;

        if (!pserver_json_is_digit(ch) && (lower < 'a' || lower > 'f')) {
            return JS_BAD;
        }

        return --js->need ? JS_HEX : JS_STRING;

    case JS_LITERAL:
        if (ch != (u_char) *js->literal) {
            return JS_BAD;
        }

        return *++js->literal ? JS_LITERAL : JS_AFTER;

    case JS_MINUS:
    case JS_ZERO:
    case JS_INT:
    case JS_DOT:
    case JS_FRACTION:
    case JS_E:
    case JS_E_SIGN:
    case JS_EXPONENT:
        return pserver_json_stream_number(js, ch);

    default:
        break;
    }

    if (pserver_json_is_space(ch)) {
        return js->state;
    }

    switch (js->state) {

    case JS_START:
        return ch == '{' ? pserver_json_stream_open(js, 1) : JS_BAD;

    case JS_VALUE_OR_END:
        if (ch == ']') {
            return pserver_json_stream_close(js, 0);
        }

        return pserver_json_stream_value(js, ch);

    case JS_VALUE:
        return pserver_json_stream_value(js, ch);

    case JS_NAME_OR_END:
        if (ch == '}') {
            return pserver_json_stream_close(js, 1);
        }

        /* fall through */

    case JS_NAME:
        js->name = 1;
        return ch == '"' ? JS_STRING : JS_BAD;

    case JS_COLON:
        return ch == ':' ? JS_VALUE : JS_BAD;

    case JS_AFTER:
        return pserver_json_stream_after(js, ch);

    default: /* JS_END, JS_BAD */
        return JS_BAD;
    }
}


static unsigned
pserver_json_stream_value(pserver_json_stream_t *js, u_char ch)
{
    switch (ch) {

    case '{':
        return pserver_json_stream_open(js, 1);

    case '[':
        return pserver_json_stream_open(js, 0);

    case '"':
        js->name = 0;
        return JS_STRING;

    case 't':
        js->literal = "rue";
        return JS_LITERAL;

    case 'f':
        js->literal = "alse";
        return JS_LITERAL;

    case 'n':
        js->literal = "ull";
        return JS_LITERAL;

    case '-':
        return JS_MINUS;

    case '0':
        return JS_ZERO;

    default:
        return pserver_json_is_digit(ch) ? JS_INT : JS_BAD;
    }
}


static unsigned
pserver_json_stream_open(pserver_json_stream_t *js, unsigned object)
{
    u_char   bit;
    u_char  *byte;

    if (js->depth == PSERVER_JSON_STREAM_DEPTH) {
        return JS_BAD;
    }

    byte = &js->objects[js->depth / 8];
    bit = (u_char) (1 << js->depth % 8);

    if (object) {
        *byte |= bit;

    } else {
        *byte &= (u_char) ~bit;
    }

    js->depth++;

    return object ? JS_NAME_OR_END : JS_VALUE_OR_END;
}


static unsigned
pserver_json_stream_close(pserver_json_stream_t *js, unsigned object)
{
    size_t  top;

    top = js->depth - 1;

    if ((js->objects[top / 8] >> top % 8 & 1) != object) {
        return JS_BAD;
    }

    js->depth = top;

    return top == 0 ? JS_END : JS_AFTER;
}


static unsigned
pserver_json_stream_after(pserver_json_stream_t *js, u_char ch)
{
    size_t  top;

    switch (ch) {

    case '}':
        return pserver_json_stream_close(js, 1);

    case ']':
        return pserver_json_stream_close(js, 0);

    case ',':
        top = js->depth - 1;

        return (js->objects[top / 8] >> top % 8 & 1) ? JS_NAME : JS_VALUE;

    default:
        return JS_BAD;
    }
}


static unsigned
pserver_json_stream_string(pserver_json_stream_t *js, u_char ch)
{
    if (ch == '"') {
        return js->name ? JS_COLON : JS_AFTER;
    }

    if (ch == '\\') {
        return JS_ESCAPE;
    }

    if (ch < 0x20) {
        return JS_BAD;
    }

    return ch < 0x80 ? JS_STRING : pserver_json_stream_utf8(js, ch);
}


/* RFC 3629, section 4: no overlong forms, no surrogates, not over 10ffff */

static unsigned
pserver_json_stream_utf8(pserver_json_stream_t *js, u_char ch)
{
    if (ch < 0xc2 || ch > 0xf4) {
        return JS_BAD;
    }

    js->need = ch < 0xe0 ? 1 : ch < 0xf0 ? 2 : 3;
    js->low = ch == 0xe0 ? 0xa0 : ch == 0xf0 ? 0x90 : 0x80;
    js->high = ch == 0xed ? 0x9f : ch == 0xf4 ? 0x8f : 0xbf;

    return JS_UTF8;
}


static unsigned
pserver_json_stream_number(pserver_json_stream_t *js, u_char ch)
{
    unsigned  digit;

    digit = pserver_json_is_digit(ch);

    switch (js->state) {

    case JS_MINUS:
        return ch == '0' ? JS_ZERO : digit ? JS_INT : JS_BAD;

    case JS_DOT:
        return digit ? JS_FRACTION : JS_BAD;

    case JS_E:
        if (ch == '+' || ch == '-') {
            return JS_E_SIGN;
        }

        return digit ? JS_EXPONENT : JS_BAD;

    case JS_E_SIGN:
        return digit ? JS_EXPONENT : JS_BAD;

    default: /* JS_ZERO, JS_INT, JS_FRACTION, JS_EXPONENT */
        break;
    }

    if (digit) {
        return js->state == JS_ZERO ? JS_BAD : js->state;
    }

    if (ch == '.' && (js->state == JS_ZERO || js->state == JS_INT)) {
        return JS_DOT;
    }

    if ((ch == 'e' || ch == 'E') && js->state != JS_EXPONENT) {
        return JS_E;
    }

    if (pserver_json_is_space(ch)) {
        return JS_AFTER;
    }

    return pserver_json_stream_after(js, ch);
}
