// A second implementation of docs/audit-log.md, from its text alone: checks
// a log and opens what the given storage root can open.
//
//   node audit.mjs LOG-FOLDER [STORE ROOT-FILE]
//
// Prints { entries, root, bundles, leaves, published, owners, chains, opened }
// or dies with the entry that does not hold.  "bundles" and "leaves" are
// SHA-256 of all entries, and of their hashes, as they are served.

import { createDecipheriv, createHash, createHmac, createPublicKey, verify }
    from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';


const sha256 = (...parts) => {
    const hash = createHash('sha256');
    parts.forEach((part) => hash.update(part));
    return hash.digest();
};

const hmac = (key, ...parts) => {
    const mac = createHmac('sha256', key);
    parts.forEach((part) => mac.update(part));
    return mac.digest();
};

// RFC 5869 without salt, one block

const hkdf = (key, info) =>
    hmac(hmac(Buffer.alloc(32), key), info, Buffer.from([1]));

const u64 = (n) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(n));
    return bytes;
};

const number = (bytes, at) => Number(bytes.readBigUInt64BE(at));

const must = (ok, what) => {
    if (!ok) throw new Error(what);
};


// XChaCha20-Poly1305: a subkey by HChaCha20, then RFC 8439

const hchacha20 = (key, nonce) => {
    const words = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
    const x = new Uint32Array(16);

    for (let i = 0; i < 8; i++) words.push(key.readUInt32LE(4 * i));
    for (let i = 0; i < 4; i++) words.push(nonce.readUInt32LE(4 * i));
    x.set(words);

    const rotl = (v, n) => (v << n) | (v >>> (32 - n));
    const quarter = (a, b, c, d) => {
        x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 16);
        x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 12);
        x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 8);
        x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 7);
    };

    for (let i = 0; i < 10; i++) {
        quarter(0, 4, 8, 12); quarter(1, 5, 9, 13);
        quarter(2, 6, 10, 14); quarter(3, 7, 11, 15);
        quarter(0, 5, 10, 15); quarter(1, 6, 11, 12);
        quarter(2, 7, 8, 13); quarter(3, 4, 9, 14);
    }

    const out = Buffer.alloc(32);
    [0, 1, 2, 3, 12, 13, 14, 15].forEach((w, i) =>
        out.writeUInt32LE(x[w], 4 * i));
    return out;
};

const open = (box, key, ad) => {
    const nonce = Buffer.concat([Buffer.alloc(4), box.subarray(16, 24)]);
    const cipher = createDecipheriv('chacha20-poly1305',
        hchacha20(key, box), nonce, { authTagLength: 16 });

    cipher.setAAD(ad);
    cipher.setAuthTag(box.subarray(-16));

    try {
        return Buffer.concat([cipher.update(box.subarray(24, -16)),
            cipher.final()]);
    } catch {
        return null;
    }
};


const TYPES = { 1: 'start', 2: 'stop', 3: 'key_rotated', 4: 'anchored', 16: 'accepted', 17: 'refused',
    18: 'refusals', 32: 'operation_accepted', 33: 'operation_started',
    34: 'operation_finished', 35: 'operation_released',
    36: 'operation_canceled', 48: 'read', 49: 'write', 50: 'delete',
    51: 'list', 64: 'unlock', 65: 'revocation_seen', 66: 'lock',
    67: 'custody' };

const FIELDS = { 1: 'owner', 2: 'app', 3: 'permission', 4: 'operation',
    5: 'operationId', 6: 'scope', 7: 'ip', 8: 'userAgent', 9: 'request',
    10: 'grant', 11: 'input', 12: 'output', 13: 'object', 14: 'count',
    15: 'manifest' };

const TEXT = [4, 5, 6, 7, 8, 14];


// section 1

const parse = (entry) => {
    const e = { version: entry[0], type: entry[1], R: entry[2], N: entry[3],
        commitments: [] };

    must(e.version === 1 && e.type !== 0 && e.R <= 40 && e.N <= 16, 'form');
    must(entry.length === 100 + e.R + 33 * e.N, 'length');

    e.chainId = number(entry, 4);
    e.block = number(entry, 12);
    e.reason = entry.toString('latin1', 20, 20 + e.R);
    must(/^[A-Za-z0-9_.-]*$/.test(e.reason), 'reason');

    let at = 20 + e.R;
    for (let last = 0; e.commitments.length < e.N; at += 33) {
        must(entry[at] > last, 'order of fields');
        last = entry[at];
        e.commitments.push({ id: last, hash: entry.subarray(at + 1, at + 33) });
    }

    e.statement = entry.subarray(0, at);
    e.sequence = number(entry, at);
    e.time = number(entry, at + 8);
    e.tag = entry.subarray(at + 16, at + 48);
    e.link = entry.subarray(at + 48, at + 80);
    return e;
};


// section 3

const opening = (e, box, seal) => {
    const plain = open(box, seal, e.statement);
    const o = { fields: {} };

    must(plain, 'box');
    o.linkKey = plain.subarray(0, 32);

    let at = 32;
    for (const { id, hash } of e.commitments) {
        const key = plain.subarray(at + 1, at + 33);
        const length = plain.readUInt16BE(at + 33);
        const value = plain.subarray(at + 35, at + 35 + length);

        must(plain[at] === id, 'opened field');
        must(hmac(key, Buffer.from([id]), value).equals(hash), 'commitment');
        o.fields[FIELDS[id]] =
            TEXT.includes(id) ? value.toString() : value.toString('hex');
        at += 35 + length;
    }

    must(at === plain.length, 'end of the opening');
    return o;
};


const logKeys = (ledger) => ({
    id: hkdf(ledger, 'pserver/v1/log/id'),
    tag: hkdf(ledger, 'pserver/v1/log/tag'),
    seal: hkdf(ledger, 'pserver/v1/log/seal'),
});

// docs/sealed-format.md: owners' ledger keys

const owners = (store, roots) => {
    const found = new Map();
    const folder = `${store}/owners`;

    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        if (!existsSync(`${folder}/${name}/owner.key`)) continue;

        const file = readFileSync(`${folder}/${name}/owner.key`);
        const ad = file.subarray(0, 44);
        const key = hkdf(roots.get(file.readUInt32BE(12)),
            Buffer.concat([Buffer.from('pserver/v1/owner'),
                file.subarray(16, 44)]));
        const keys = open(file.subarray(44), key, ad);

        must(keys, `owner.key of ${name}`);

        const log = logKeys(keys.subarray(64, 96));
        found.set(log.id.toString('hex'),
            { address: name, ...log, n: 0, previous: Buffer.alloc(32) });
    }

    return found;
};

const check = (folder, store, rootFile) => {
    const checkpoint = published(folder);
    const file = readFileSync(`${folder}/log`);
    const roots = new Map();

    for (const line of rootFile
        ? readFileSync(rootFile, 'latin1').trim().split('\n') : []) {
        const [id, key] = line.split(' ');
        roots.set(Number(id), Buffer.from(key, 'hex'));
    }

    const chains = store ? owners(store, roots) : new Map();
    const places = new Map();
    const opened = [];
    const tree = [];
    const bundles = createHash('sha256');
    let last = 0, batch = 64, at = 64, entries = 0;

    must(file.toString('latin1', 0, 16) === 'pserver-log-v1\0\0', 'header');

    for (; at < file.length; entries++) {
        const fail = (what) => { throw new Error(`entry ${entries}: ${what}`); };
        const ok = (good, what) => good || fail(what);

        ok(file.toString('latin1', at, at + 4) === 'PSR1', 'record');

        const E = file.readUInt16BE(at + 4);
        const B = file.readUInt16BE(at + 6);
        const root = file.readUInt32BE(at + 8);
        const began = number(file, at + 12);
        const before = number(file, at + 20);
        const n = number(file, at + 28);
        const id = file.toString('hex', at + 36, at + 68);
        const bytes = file.subarray(at + 68, at + 68 + E);
        const box = file.subarray(at + 68 + E, at + 68 + E + B);
        const leaf = sha256(Buffer.from([0]), bytes);

        ok(sha256(file.subarray(at, at + 68), leaf, box).equals(
            file.subarray(at + 68 + E + B, at + 100 + E + B)), 'sum');

        const e = parse(bytes);

        ok(e.sequence === entries, 'sequence');
        ok(e.time >= last, 'time');
        ok(began === at || began === batch, 'batch');
        last = e.time;
        batch = began;

        const place = places.get(id) || { n: 0, at: 0 };
        let o = null;

        if (n === 0) {
            ok(/^0+$/.test(id) && before === 0, 'owner of none');
            ok(e.tag.every((b) => b === 0) && e.link.every((b) => b === 0),
                'place of none');
            if (roots.has(root)) {
                o = opening(e, box, logKeys(
                    hkdf(roots.get(root), 'pserver/v1/log')).seal);
            }
        } else {
            ok(root === 0 && n === place.n + 1 && before === place.at,
                'chain of records');
            places.set(id, { n, at });
        }

        const chain = chains.get(id);

        if (chain) {
            o = opening(e, box, chain.seal);
            ok(n === ++chain.n, 'number in the chain');
            ok(hmac(chain.tag, u64(n)).equals(e.tag), 'tag');
            ok(hmac(o.linkKey, u64(n), chain.previous).equals(e.link), 'link');
            chain.previous = leaf;
            o.of = chain.address;
            o.n = n;
        }

        if (o) {
            opened.push({ sequence: entries, action: TYPES[e.type] || e.type,
                reason: e.reason, block: e.block, of: o.of, ...o.fields });
        }

        tree.push(leaf);
        bundles.update(file.subarray(at + 4, at + 6)).update(bytes);
        at += 100 + E + B;
    }

    must(at === file.length, 'end of the file');

    return { entries, root: rootOf(tree).toString('base64'),
        bundles: bundles.digest('hex'), leaves: sha256(...tree).toString('hex'),
        published: checkpoint(file.subarray(16, 48), tree),
        owners: Object.fromEntries([...chains.values()].map(
            (chain) => [chain.address, chain.n])),
        chains: places.size, opened };
};


// section 4

const rootOf = (leaves) => {
    if (leaves.length === 0) return sha256();
    if (leaves.length === 1) return leaves[0];

    let k = 1;
    while (2 * k < leaves.length) k *= 2;

    return sha256(Buffer.from([1]), rootOf(leaves.slice(0, k)),
        rootOf(leaves.slice(k)));
};


// sections 5 and 6: what is public, as far as it has come.  It is read before
// the log, which may grow meanwhile.

const published = (folder) => {
    if (!existsSync(`${folder}/public/checkpoint`)) return () => 0;

    const note = readFileSync(`${folder}/public/checkpoint`, 'utf8');
    const key = readFileSync(`${folder}/public/key`, 'latin1').trim();
    const [name, hash, ...rest] = key.split('+');
    const bytes = Buffer.from(rest.join('+'), 'base64');
    const end = note.lastIndexOf('\n\n') + 1;
    const text = note.slice(0, end);
    const sign = note.slice(end + 1).match(/^\u2014 (\S+) (\S+)\n$/);
    const [origin, size, root] = text.split('\n');

    must(bytes.length === 33 && bytes[0] === 1, 'key');
    must(sha256(name, '\n', bytes).toString('hex', 0, 4) === hash, 'key id');
    must(sign && sign[1] === name && origin === name, 'names');

    const signature = Buffer.from(sign[2], 'base64');
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'),
        bytes.subarray(1)]);

    must(signature.toString('hex', 0, 4) === hash, 'key id of the signature');
    must(verify(null, Buffer.from(text),
        createPublicKey({ key: der, format: 'der', type: 'spki' }),
        signature.subarray(4)), 'signature');

    return (id, tree) => {
        must(name === `pserver/${id.toString('hex', 0, 8)}`, 'name of the key');
        must(Number(size) <= tree.length, 'size of the checkpoint');
        must(rootOf(tree.slice(0, Number(size))).toString('base64') === root,
            'root of the checkpoint');

        return Number(size);
    };
};


console.log(JSON.stringify(check(...process.argv.slice(2))));
