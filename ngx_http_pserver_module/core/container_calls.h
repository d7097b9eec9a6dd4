/*
 * What a container of an operation may ask of the kernel: a seccomp profile
 * of our own, since an engine's default depends on its version, and has had
 * what goes past a container without a network: io_uring, and sockets of the
 * families AF_VSOCK, which reach the machine below a virtual one, and AF_ALG.
 *
 * It names what is allowed; all else fails with EPERM.  That is what programs
 * use that compute, read and write: files, memory, processes, threads,
 * signals, time, pipes, sockets of a machine and of the internet.  Not there
 * are mounts, namespaces, keys, modules, BPF, tracing of other processes, and
 * calls of another ABI than the machine's own.
 */

#ifndef _PSERVER_CONTAINER_CALLS_H_INCLUDED_
#define _PSERVER_CONTAINER_CALLS_H_INCLUDED_


#include "core.h"


/*
 * Writes the profile, as the engine takes it in a JSON string, with the
 * quotes escaped, and its length: about 7 KB.  PSERVER_NOSPACE: cap is too
 * small.
 */
int pserver_container_calls(u_char *dst, size_t cap, size_t *len);


#endif /* _PSERVER_CONTAINER_CALLS_H_INCLUDED_ */
