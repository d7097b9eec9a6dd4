/*
 * The English words of BIP-39.
 */

#ifndef _PSERVER_WORDLIST_H_INCLUDED_
#define _PSERVER_WORDLIST_H_INCLUDED_


/* in alphabetical order, each with a zero at its end */

extern const char  pserver_wordlist[2048][9];


#endif /* _PSERVER_WORDLIST_H_INCLUDED_ */
