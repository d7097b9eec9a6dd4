/*
 * Plain text of others: what may go into a header or a JSON string.
 */

#ifndef _PSERVER_TEXT_H_INCLUDED_
#define _PSERVER_TEXT_H_INCLUDED_


#include "core.h"


/*
 * 1 if text is UTF-8 (RFC 3629: no overlong forms, no surrogates) without
 * control characters and has at most max bytes; empty text is.
 */
int pserver_text_valid(pserver_str_t text, size_t max);


#endif /* _PSERVER_TEXT_H_INCLUDED_ */
