#!/usr/bin/env python3
"""docs/sealed-format.md once more, from the document.

sealed.py                                  writes t/vectors/sealed.json
sealed.py read ROOTS CHAIN FOLDER          opens all that an owner has: JSON
sealed.py write ROOTS CHAIN FOLDER SCOPE   seals the JSON object on stdin as
                                           version 1, without a manifest
sealed.py keys ROOTS CHAIN FOLDER          the owner's three, in hex, and what
                                           older data keys there are

ROOTS is a root file, CHAIN the id of the chain, FOLDER that of the owner.
Needs the package "cryptography".  Where the format calls for random bytes,
the vectors have the next bytes of 00 01 02 .. ff 00 01 .., in the order in
which the document names them.
"""

import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CHUNK = 65536
HEADER = 4096


class Random:
    def __init__(self):
        self.at = 0

    def __call__(self, n):
        out = bytes((self.at + i) % 256 for i in range(n))
        self.at += n
        return out


def extract(salt, key):
    return hmac.new(salt or bytes(32), key, hashlib.sha256).digest()


def expand(prk, info, n):
    out = block = b''
    i = 1
    while len(out) < n:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha256)
        block = block.digest()
        out += block
        i += 1
    return out[:n]


def hchacha20(key, nonce):
    def rotl(v, n):
        return (v << n | v >> (32 - n)) & 0xffffffff

    s = list(struct.unpack('<16I', b'expand 32-byte k' + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12),
                           (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xffffffff
            s[z] = rotl(s[z] ^ s[x], n)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)

    return struct.pack('<8I', *(s[:4] + s[12:]))


def box(key, ad, text, random):
    nonce = random(24)
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    return nonce + inner.encrypt(bytes(4) + nonce[16:], text, ad)


def unbox(key, ad, sealed):
    inner = ChaCha20Poly1305(hchacha20(key, sealed[:16]))
    return inner.decrypt(bytes(4) + sealed[16:24], sealed[24:], ad)


class Keys:
    """An owner's: the newest data key first, its generation is "newest"."""

    def __init__(self, text, newest=1):
        data, self.names, self.ledger = text[:32], text[32:64], text[64:96]
        self.text, self.newest = text, newest
        older = [text[i:i + 32] for i in range(96, len(text), 32)]
        self.data = {newest - i: k for i, k in enumerate([data] + older)}

    def header(self, version, root_id, chain, owner):
        if self.newest > 1:
            version += 2
        header = b'PSVRKEYS' + struct.pack('>IIQ', version, root_id, chain)
        header += owner
        if self.newest > 1:
            header += struct.pack('>II', self.newest, min(self.data))
        return header


def owner_file(root_id, root, chain, owner, keys, random):
    wrapping = expand(extract(b'', root),
                      b'pserver/v1/owner' + struct.pack('>Q', chain) + owner,
                      32)
    header = keys.header(1, root_id, chain, owner)
    return header + box(wrapping, header, keys.text, random)


def custody_wrap(key, epoch, owner, signature, recovery, random):
    label = b'pserver/v1/custody/'
    head = struct.pack('>I', epoch)
    head += expand(extract(b'', key), label + b'id', 16)
    salt = random(32)
    head += salt
    wallet = expand(extract(salt, signature), label + b'wallet', 32)
    paper = expand(extract(salt, recovery), label + b'recovery', 32)
    ad = head + owner
    return head + box(wallet, ad, key, random) + box(paper, ad, key, random)


def owned_file(root_id, root, chain, owner, keys, key, wrap, random):
    wrapping = expand(extract(b'', root + key), b'pserver/v1/owner/custody'
                      + struct.pack('>Q', chain) + owner, 32)
    header = keys.header(2, root_id, chain, owner)
    header += expand(extract(b'', key), b'pserver/v1/custody/id', 16) + wrap
    return header + box(wrapping, header, keys.text, random)


def name(keys, kind, text):
    return hmac.new(keys.names, kind + b'\0' + text, hashlib.sha256).digest()


def nonce(counter, last):
    return bytes(3) + struct.pack('>QB', counter, last)


def seal(keys, owner, number, meta, plain, random):
    scope = meta['scope'].encode()
    later = keys.newest > 1
    header = b'PSVRSEAL' + struct.pack('>HH', 2 if later else 1, 1) + owner
    header += name(keys, b'scope', scope)
    header += random(16)
    salt = random(32)
    header += salt
    key = random(32)
    context = header[10:80]
    header += box(keys.data[keys.newest], header, key, random)

    prk = extract(salt, key)
    label = b'pserver/v1/seal/'
    stream = AESGCM(expand(prk, label + b'stream' + context, 32))
    head = AESGCM(expand(prk, label + b'header' + context, 32))

    header += expand(prk, label + b'commit' + context, 32)
    header += struct.pack('>II', keys.newest if later else 0, number)

    texts = [scope, meta['type'].encode(), meta['filename'].encode(),
             meta['note'].encode()]
    sealed = struct.pack('>Q', len(plain)) + hashlib.sha256(plain).digest()
    sealed += struct.pack('>QB', meta['collectedAt'], meta['kind'])
    for text in texts:
        sealed += struct.pack('>H', len(text)) + text
    sealed = sealed.ljust(HEADER - 224 - 16 - 8, b'\0')
    sealed += struct.pack('>Q', meta['recorded'])

    out = header + head.encrypt(nonce(number, 0), sealed, header)

    full = len(plain) // CHUNK
    for i in range(full + 1):
        chunk = plain[i * CHUNK:(i + 1) * CHUNK]
        out += stream.encrypt(nonce(i, i == full), chunk, None)

    return out


def unseal(keys, owner, object_name, number, data):
    """What a version says of itself, and the object."""

    header = data[:HEADER]
    version, suite = struct.unpack('>HH', header[8:12])
    generation = struct.unpack('>I', header[216:220])[0]
    assert header[:8] == b'PSVRSEAL' and suite == 1
    assert version == 1 and generation == 0 or version == 2 and generation > 1
    assert header[12:32] == owner and header[32:64] == object_name
    assert header[220:224] == struct.pack('>I', number)

    key = unbox(keys.data[generation or 1], header[:112], header[112:184])
    prk = extract(header[80:112], key)
    stream, head, commit = (
        expand(prk, b'pserver/v1/seal/' + label + header[10:80], 32)
        for label in (b'stream', b'header', b'commit'))
    assert commit == header[184:216]

    meta = AESGCM(head).decrypt(nonce(number, 0), header[224:], header[:224])
    length, digest, collected, kind = struct.unpack('>Q32sQB', meta[:49])
    texts, at = [], 49
    for _ in range(4):
        n, = struct.unpack('>H', meta[at:at + 2])
        texts.append(meta[at + 2:at + 2 + n].decode())
        at += 2 + n
    assert meta[at:-8] == bytes(len(meta) - 8 - at)

    plain, at, i = b'', HEADER, 0
    while at < len(data):
        chunk = data[at:at + CHUNK + 16]
        at += len(chunk)
        plain += AESGCM(stream).decrypt(nonce(i, len(chunk) < CHUNK + 16),
                                        chunk, None)
        i += 1
    assert len(chunk) < CHUNK + 16
    assert len(plain) == length and hashlib.sha256(plain).digest() == digest
    assert name(keys, b'scope', texts[0].encode()) == object_name

    return {'scope': texts[0], 'number': number, 'collectedAt': collected,
            'kind': kind, 'length': length, 'sha256': digest.hex(),
            'id': header[64:80].hex(), 'size': len(data),
            'generation': generation or 1,
            'recorded': struct.unpack('>Q', meta[-8:])[0]}


class Manifest:
    """A file of records, each of which stands for all before it."""

    AD = b'pserver/v1/manifest\0'
    BASE, PUT, DELETE, KEY = 1, 2, 3, 4

    def __init__(self, key, random, counter=0, digest=bytes(32)):
        self.key, self.random = key, random
        self.counter, self.digest = counter, digest
        self.data = b'PSVRMANI' + struct.pack('>II', 1, 0)
        self.generation, self.data_key = 1, None

    def add(self, kind, name=bytes(32), number=0, version=bytes(16), size=0):
        self.counter += 1
        text = struct.pack('>Q32sB7x32sQ16sQ', self.counter, self.digest,
                           kind, name, number, version, size)
        record = box(self.key, self.AD, text, self.random)
        self.digest = hashlib.sha256(record).digest()
        self.data += record


    @classmethod
    def read(cls, key, data):
        """The manifest, and what is there: {name: {number: (id, size)}}."""

        assert data[:16] == b'PSVRMANI' + struct.pack('>II', 1, 0)
        m, there, base = cls(key, None), {}, None
        for at in range(16, len(data), 152):
            record = data[at:at + 152]
            text = unbox(key, cls.AD, record)
            (counter, before, kind, zeros, object_name, number, version,
             size) = struct.unpack('>Q32sB7s32sQ16sQ', text)
            assert zeros == bytes(7) and kind in (1, 2, 3, 4)
            assert (kind == cls.BASE) == (base is None)
            if kind == cls.BASE:
                assert text[48:80] + text[88:] == bytes(56)
                assert counter > 1 or before == bytes(32)
                m.counter, base = counter, number
            else:
                assert counter == m.counter + 1 and before == m.digest
                m.counter = counter
            if kind == cls.PUT:
                versions = there.setdefault(object_name, {})
                assert number > max(versions, default=0)
                versions[number] = (version, size)
                base = max(base - 1, 0)
            if kind == cls.DELETE:
                assert base == 0 and text[80:] == bytes(32)
                del there[object_name]
            if kind == cls.KEY:
                assert base == 0 or at == 16 + 152
                assert m.generation < number and text[88:] == bytes(24)
                m.generation, m.data_key = number, object_name
            m.digest = hashlib.sha256(record).digest()
        assert base == 0
        return m, there


def manifest(keys):
    first, second = (name(keys, b'scope', text) for text in (b'a.b', b'c.d'))
    ids = [bytes([i]) * 16 for i in range(4)]

    m = Manifest(keys.ledger, Random(), 6, hashlib.sha256(b'gone').digest())
    m.add(m.BASE, number=2)
    m.add(m.PUT, first, 2, ids[0], 4112)
    m.add(m.PUT, first, 99999999, ids[1], 1 << 40)
    m.add(m.PUT, second, 1, ids[2], 5000)
    m.add(m.DELETE, second)
    m.add(m.PUT, second, 1, ids[3], 70000)

    there = [(first, 2, ids[0], 4112), (first, 99999999, ids[1], 1 << 40),
             (second, 1, ids[3], 70000)]

    return {
        'key': keys.ledger.hex(), 'file': m.data.hex(),
        'counter': m.counter, 'digest': m.digest.hex(),
        'bytes': sum(t[3] for t in there),
        'there': [{'name': t[0].hex(), 'number': t[1], 'id': t[2].hex(),
                   'size': t[3]} for t in there]}


def data_id(key):
    return expand(extract(b'', key), b'pserver/v1/data/id', 32)


def generations(root_id, root, chain, owner, text, custody, wrap, metas):
    """The third data key of this owner, with the first two still there."""

    random = Random()
    random(96)
    second, third = random(32), random(32)
    keys = Keys(third + text[32:] + second + text[:32], 3)

    doc = {
        'keys': keys.text.hex(), 'newest': 3,
        'ids': [data_id(keys.data[i]).hex() for i in (1, 2, 3)],
        'owner_file': owner_file(root_id, root, chain, owner, keys,
                                 random).hex(),
        'owned_file': owned_file(root_id, root, chain, owner, keys, custody,
                                 wrap, random).hex(),
        'objects': []}

    for meta, number, length in metas:
        plain = bytes(i * 7 % 251 for i in range(length))
        out = seal(keys, owner, number, meta, plain, Random())
        doc['objects'].append({
            'number': number, 'meta': meta, 'length': length,
            'header': out[:224].hex(), 'size': len(out),
            'sha256': hashlib.sha256(out).hexdigest()})

    first = name(keys, b'scope', b'a.b')
    m = Manifest(keys.ledger, Random(), 6, hashlib.sha256(b'gone').digest())
    m.add(m.BASE, number=1)
    m.add(m.KEY, data_id(second), 2)
    m.add(m.PUT, first, 2, bytes(16), 4112)
    m.add(m.KEY, data_id(third), 3)
    doc['manifest'] = {'file': m.data.hex(), 'counter': m.counter,
                       'digest': m.digest.hex()}

    return doc


def vectors():
    root_id, root, chain = 7, bytes(range(32)), 1480
    owner = bytes.fromhex('f39fd6e51aad88f6f4ce6ab8827279cfffb92266')

    random = Random()
    keys = Keys(random(96))
    doc = {
        'root': {'id': root_id, 'key': root.hex()},
        'log_key': expand(extract(b'', root), b'pserver/v1/log', 32).hex(),
        'node_name': hmac.new(
            expand(extract(b'', root), b'pserver/v1/names', 32),
            b'list\0' + owner, hashlib.sha256).hexdigest(),
        'chain_id': chain,
        'owner': owner.hex(),
        'keys': keys.text.hex(),
        'owner_file': owner_file(root_id, root, chain, owner, keys,
                                 random).hex(),
        'names': [], 'objects': [],
    }

    for kind, text in (('scope', 'chatgpt.conversations'),
                       ('scope', 'a.b'), ('job', 'a.b'), ('scope', '')):
        doc['names'].append({
            'kind': kind, 'name': text,
            'hash': name(keys, kind.encode(), text.encode()).hex()})

    with open('t/vectors/custody.json') as f:
        case = json.load(f)['cases'][0]

    random = Random()
    key, recovery = random(32), bytes(range(200, 232))
    wrap = custody_wrap(key, case['epoch'], owner,
                        bytes.fromhex(case['signature'][2:]), recovery,
                        random)
    doc['custody'] = {
        'key': key.hex(), 'recovery': recovery.hex(), 'wrap': wrap.hex(),
        'owner_file': owned_file(root_id, root, chain, owner, keys, key, wrap,
                                 random).hex()}

    meta = {'kind': 1, 'collectedAt': 1767225600123, 'recorded': 0,
            'scope': 'chatgpt.conversations', 'type': '', 'filename': '',
            'note': ''}
    photo = {'kind': 2, 'collectedAt': 1767225600999, 'recorded': 1 << 40,
             'scope': 'a.b.C_9', 'type': 'image/png', 'filename': 'été.png',
             'note': '{"album":1}'}

    for m, number, length in ((meta, 1, 0), (meta, 2, 17),
                              (photo, 99999999, CHUNK - 1),
                              (photo, 3, CHUNK), (photo, 4, 2 * CHUNK + 5)):
        plain = bytes(i * 7 % 251 for i in range(length))
        out = seal(keys, owner, number, m, plain, Random())
        doc['objects'].append({
            'number': number, 'meta': m, 'length': length,
            'header': out[:224].hex(), 'size': len(out),
            'sha256': hashlib.sha256(out).hexdigest()})

    doc['manifest'] = manifest(keys)
    doc['generations'] = generations(root_id, root, chain, owner, keys.text,
                                     key, wrap, ((meta, 2, 17),
                                                 (photo, 99999999, CHUNK)))

    with open('t/vectors/sealed.json', 'w') as f:
        json.dump(doc, f, indent=1)
        f.write('\n')


def load(path):
    with open(path, 'rb') as f:
        return f.read()


def owner_keys(roots, chain, folder):
    owner = bytes.fromhex(os.path.basename(os.path.normpath(folder)))
    roots = dict(line.split() for line in load(roots).decode().splitlines())
    file = load(folder + '/owner.key')
    version, = struct.unpack('>I', file[8:12])
    assert file[:8] == b'PSVRKEYS' and version in (1, 3)
    assert file[16:44] == struct.pack('>Q', int(chain)) + owner

    root = bytes.fromhex(roots[str(struct.unpack('>I', file[12:16])[0])])
    wrapping = expand(extract(b'', root),
                      b'pserver/v1/owner' + file[16:44], 32)
    at, newest, oldest = 44, 1, 1
    if version == 3:
        at = 52
        newest, oldest = struct.unpack('>II', file[44:52])
    keys = Keys(unbox(wrapping, file[:at], file[at:]), newest)
    assert sorted(keys.data) == list(range(oldest, newest + 1))
    return owner, keys


def read(roots, chain, folder):
    owner, keys = owner_keys(roots, chain, folder)
    m, there = Manifest.read(keys.ledger, load(folder + '/manifest'))
    assert m.generation <= keys.newest
    assert m.data_key is None or m.generation not in keys.data \
        or m.data_key == data_id(keys.data[m.generation])
    out = []
    for object_name, versions in there.items():
        for number, (version, size) in versions.items():
            file = load(f'{folder}/objects/{object_name.hex()}/{number:08}')
            found = unseal(keys, owner, object_name, number, file)
            assert found['id'] == version.hex() and found['size'] == size
            assert found['recorded'] <= m.counter
            out.append(found)
    json.dump({'counter': m.counter, 'digest': m.digest.hex(),
               'versions': out}, sys.stdout)


def write(roots, chain, folder, scope):
    owner, keys = owner_keys(roots, chain, folder)
    meta = {'kind': 1, 'collectedAt': 1767225600123, 'recorded': 0,
            'scope': scope, 'type': '', 'filename': '', 'note': ''}
    path = f"{folder}/objects/{name(keys, b'scope', scope.encode()).hex()}"
    os.makedirs(path, mode=0o700)
    with open(path + '/00000001', 'xb') as f:
        f.write(seal(keys, owner, 1, meta, sys.stdin.buffer.read(),
                     os.urandom))


def keys(roots, chain, folder):
    text = owner_keys(roots, chain, folder)[1].text
    print(*(text[i:i + 32].hex() for i in range(0, len(text), 32)))


if len(sys.argv) == 1:
    vectors()
else:
    {'read': read, 'write': write, 'keys': keys}[sys.argv[1]](*sys.argv[2:])
