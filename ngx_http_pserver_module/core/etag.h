/*
 * Conditions of a write: If-Match and If-None-Match (RFC 9110, section 13.1)
 * against the version that is there.
 *
 * The tag of a version is its id in hex, a dash, and a letter for the
 * representation, which of the sealed file is followed by the generation of
 * its key; a write concerns the version, so that any of its
 * representations will do.
 */

#ifndef _PSERVER_ETAG_H_INCLUDED_
#define _PSERVER_ETAG_H_INCLUDED_


#include "core.h"


#define PSERVER_ETAG_ID_LEN  16


/* "*", or a list of entity tags.  PSERVER_INVALID: neither */
int pserver_etag_valid(pserver_str_t header);

/*
 * 1 if a valid header names the version with this id, or any; id NULL: there
 * is no version.  strong: a weak tag (W/"..") names nothing.
 */
int pserver_etag_names(pserver_str_t header, const u_char *id, int strong);


#endif /* _PSERVER_ETAG_H_INCLUDED_ */
