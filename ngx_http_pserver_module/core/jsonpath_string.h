/*
 * Strings in an expression of JSONPath.
 */

#ifndef _PSERVER_JSONPATH_STRING_H_INCLUDED_
#define _PSERVER_JSONPATH_STRING_H_INCLUDED_


#include "core.h"


/*
 * string-literal (RFC 9535, section 2.3.1.1) at *pos, which goes on behind
 * it.  text->data has room for as many bytes as there are up to last;
 * text->len is set.  PSERVER_INVALID: another form, or not UTF-8.
 */
int pserver_jsonpath_string(const u_char **pos, const u_char *last,
    pserver_str_t *text);


#endif /* _PSERVER_JSONPATH_STRING_H_INCLUDED_ */
