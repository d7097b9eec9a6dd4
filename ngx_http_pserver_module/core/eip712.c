/*
 * EIP-712: the digests of a permission, of a text, of a custody and of a
 * receipt.
 */

#include "eip712.h"
#include "encode.h"
#include "keccak.h"


static void pserver_eip712_typed(pserver_word_t *digest,
    const pserver_word_t *domain, const pserver_word_t *message);
static void pserver_eip712_domain(pserver_word_t *hash,
    const pserver_eip712_domain_t *domain);
static void pserver_eip712_permission(pserver_word_t *hash,
    const pserver_eip712_permission_t *permission);
static void pserver_eip712_hashed(pserver_keccak_t *keccak, const void *data,
    size_t len);
static void pserver_eip712_address(pserver_keccak_t *keccak,
    const pserver_address_t *address);
static void pserver_eip712_number(pserver_keccak_t *keccak, uint64_t value);


void
pserver_eip712_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain,
    const pserver_eip712_permission_t *permission)
{
    pserver_word_t  hash, separator;

    pserver_eip712_domain(&separator, domain);
    pserver_eip712_permission(&hash, permission);
    pserver_eip712_typed(digest, &separator, &hash);
}


void
pserver_eip712_text_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain, pserver_str_t text)
{
    pserver_word_t    hash, separator;
    pserver_keccak_t  keccak;

    static const char  type[] = "Web3Signed(string text)";

    pserver_keccak_init(&keccak);

    pserver_eip712_hashed(&keccak, type, sizeof(type) - 1);
    pserver_eip712_hashed(&keccak, text.data, text.len);

    pserver_keccak_final(&keccak, &hash);

    pserver_eip712_domain(&separator, domain);
    pserver_eip712_typed(digest, &separator, &hash);
}


void
pserver_eip712_receipt_digest(pserver_word_t *digest,
    const pserver_eip712_receipt_t *receipt)
{
    pserver_word_t    hash, separator;
    pserver_keccak_t  keccak;

    static const char  domain[] =
        "EIP712Domain(string name,string version,uint256 chainId,"
        "bytes32 salt)";

    static const char  type[] =
        "Receipt(bytes32 operation,bytes32 image,bytes32 permission,"
        "bytes32 inputs,bytes32 output,uint64 block,bytes32 blockHash,"
        "string log,uint64 entry,bytes32 leaf,uint64 finishedAt)";

    static const char  name[] = "Personal Server receipt";

    pserver_keccak_init(&keccak);
    pserver_eip712_hashed(&keccak, domain, sizeof(domain) - 1);
    pserver_eip712_hashed(&keccak, name, sizeof(name) - 1);
    pserver_eip712_hashed(&keccak, "1", 1);
    pserver_eip712_number(&keccak, receipt->chain_id);
    pserver_eip712_hashed(&keccak, receipt->origin.data,
                          receipt->origin.len);
    pserver_keccak_final(&keccak, &separator);

    pserver_keccak_init(&keccak);
    pserver_eip712_hashed(&keccak, type, sizeof(type) - 1);
    pserver_keccak_update(&keccak, receipt->operation.bytes, 32);
    pserver_keccak_update(&keccak, receipt->image.bytes, 32);
    pserver_keccak_update(&keccak, receipt->permission.bytes, 32);
    pserver_keccak_update(&keccak, receipt->inputs.bytes, 32);
    pserver_keccak_update(&keccak, receipt->output.bytes, 32);
    pserver_eip712_number(&keccak, receipt->block);
    pserver_keccak_update(&keccak, receipt->block_hash.bytes, 32);
    pserver_eip712_hashed(&keccak, receipt->log.data, receipt->log.len);
    pserver_eip712_number(&keccak, receipt->entry);
    pserver_keccak_update(&keccak, receipt->leaf.bytes, 32);
    pserver_eip712_number(&keccak, receipt->finished_at);
    pserver_keccak_final(&keccak, &hash);

    pserver_eip712_typed(digest, &separator, &hash);
}


void
pserver_eip712_custody_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain,
    const pserver_eip712_custody_t *custody)
{
    pserver_word_t    hash, separator;
    pserver_keccak_t  keccak;

    static const char  type[] =
        "Custody(string notice,string origin,address owner,address server,"
        "uint256 epoch)";

    pserver_keccak_init(&keccak);
    pserver_eip712_hashed(&keccak, type, sizeof(type) - 1);
    pserver_eip712_hashed(&keccak, custody->notice.data, custody->notice.len);
    pserver_eip712_hashed(&keccak, custody->origin.data, custody->origin.len);
    pserver_eip712_address(&keccak, &custody->owner);
    pserver_eip712_address(&keccak, &custody->server);
    pserver_keccak_update(&keccak, custody->epoch.bytes, 32);
    pserver_keccak_final(&keccak, &hash);

    pserver_eip712_domain(&separator, domain);
    pserver_eip712_typed(digest, &separator, &hash);
}


static void
pserver_eip712_typed(pserver_word_t *digest,
    const pserver_word_t *domain, const pserver_word_t *message)
{
    pserver_keccak_t  keccak;

    pserver_keccak_init(&keccak);
    pserver_keccak_update(&keccak, "\x19\x01", 2);
    pserver_keccak_update(&keccak, domain->bytes, 32);
    pserver_keccak_update(&keccak, message->bytes, 32);

    pserver_keccak_final(&keccak, digest);
}


static void
pserver_eip712_domain(pserver_word_t *hash,
    const pserver_eip712_domain_t *domain)
{
    pserver_keccak_t  keccak;

    static const char  type[] =
        "EIP712Domain(string name,string version,uint256 chainId,"
        "address verifyingContract)";

    pserver_keccak_init(&keccak);
    pserver_eip712_hashed(&keccak, type, sizeof(type) - 1);
    pserver_eip712_hashed(&keccak, domain->name.data, domain->name.len);
    pserver_eip712_hashed(&keccak, domain->version.data,
                          domain->version.len);
    pserver_keccak_update(&keccak, domain->chain_id.bytes, 32);
    pserver_eip712_address(&keccak, &domain->contract);
    pserver_keccak_final(&keccak, hash);
}


static void
pserver_eip712_permission(pserver_word_t *hash,
    const pserver_eip712_permission_t *permission)
{
    pserver_keccak_t  keccak;

    static const char  type[] =
        "Permission(uint256 nonce,uint256 granteeId,string grant,"
        "uint256[] fileIds)";

    pserver_keccak_init(&keccak);
    pserver_eip712_hashed(&keccak, type, sizeof(type) - 1);
    pserver_keccak_update(&keccak, permission->nonce.bytes, 32);
    pserver_keccak_update(&keccak, permission->grantee_id.bytes, 32);
    pserver_eip712_hashed(&keccak, permission->grant.data,
                          permission->grant.len);
    pserver_eip712_hashed(&keccak, permission->file_ids,
                          permission->files * sizeof(pserver_word_t));
    pserver_keccak_final(&keccak, hash);
}


/* types, strings and arrays go in as their hashes */

static void
pserver_eip712_hashed(pserver_keccak_t *keccak, const void *data, size_t len)
{
    pserver_word_t  hash;

    pserver_keccak256(&hash, data, len);
    pserver_keccak_update(keccak, hash.bytes, 32);
}


static void
pserver_eip712_address(pserver_keccak_t *keccak,
    const pserver_address_t *address)
{
    static const u_char  zero[12];

    pserver_keccak_update(keccak, zero, sizeof(zero));
    pserver_keccak_update(keccak, address->bytes, sizeof(address->bytes));
}


static void
pserver_eip712_number(pserver_keccak_t *keccak, uint64_t value)
{
    pserver_word_t  word;

    pserver_word_from_uint64(&word, value);
    pserver_keccak_update(keccak, word.bytes, 32);
}
