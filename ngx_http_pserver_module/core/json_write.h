/*
 * JSON text, without any blank, in the order of the tree.  Both functions
 * return how many bytes they write, and with dst NULL only count: call
 * twice.
 */

#ifndef _PSERVER_JSON_WRITE_H_INCLUDED_
#define _PSERVER_JSON_WRITE_H_INCLUDED_


#include "json.h"


/*
 * The text as a JSON string with its quotes.  It has to be UTF-8; only what
 * must be escaped is.
 */
size_t pserver_json_quote(u_char *dst, pserver_str_t text);

/*
 * A value with all that is below it; the name it may have itself is not
 * written.  Numbers keep the text that they had.  Recurses to the depth of
 * the tree, which pserver_json_parse() has limited.
 */
size_t pserver_json_write(u_char *dst, const pserver_json_t *value);


#endif /* _PSERVER_JSON_WRITE_H_INCLUDED_ */
