/*
 * Text of others: characters of UTF-8, and what may go into a header or a
 * JSON string.
 */

#ifndef _PSERVER_TEXT_H_INCLUDED_
#define _PSERVER_TEXT_H_INCLUDED_


#include "core.h"


/*
 * 1 if text is UTF-8 (RFC 3629: no overlong forms, no surrogates) without
 * control characters and has at most max bytes; empty text is.
 */
int pserver_text_valid(pserver_str_t text, size_t max);

/* how many of len > 0 bytes the first character has; 0: it is none */
size_t pserver_text_character(const u_char *p, size_t len);

/* how many characters a text has, which is UTF-8 */
size_t pserver_text_characters(pserver_str_t text);


#endif /* _PSERVER_TEXT_H_INCLUDED_ */
