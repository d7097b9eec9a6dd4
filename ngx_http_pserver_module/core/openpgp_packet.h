/*
 * Packets of OpenPGP (RFC 9580, section 4.2): headers of the new and of the
 * old format, lengths that are known, and bodies in parts or up to the end
 * of what they are in, where the RFC allows these (data packets).
 */

#ifndef _PSERVER_OPENPGP_PACKET_H_INCLUDED_
#define _PSERVER_OPENPGP_PACKET_H_INCLUDED_


#include "core.h"


typedef enum {
    PSERVER_OPENPGP_SKESK = 3,       /* a session key, for a passphrase */
    PSERVER_OPENPGP_COMPRESSED = 8,
    PSERVER_OPENPGP_SED = 9,         /* encrypted, nothing else */
    PSERVER_OPENPGP_LITERAL = 11,
    PSERVER_OPENPGP_SEIPD = 18,      /* encrypted, integrity protected */
    PSERVER_OPENPGP_AED = 20         /* the same in an older draft */
} pserver_openpgp_tag_e;


typedef struct {
    unsigned              tag;       /* 1 to 63 */
    pserver_str_t         body;
} pserver_openpgp_packet_t;


/*
 * The packet at *pos, which is then behind it.  The parts of a body are
 * moved together where they are, so the bytes before *pos are no packet any
 * more.  PSERVER_DONE: *pos is end; PSERVER_INVALID: there is no whole
 * packet, and what was there may have been moved.
 */
int pserver_openpgp_packet(pserver_openpgp_packet_t *packet, u_char **pos,
    u_char *end);


#endif /* _PSERVER_OPENPGP_PACKET_H_INCLUDED_ */
