/*
 * core/abi against ethers: random values of each call, as ethers encodes
 * them, and the same bytes spoiled.  core/abi takes what ethers decodes and
 * encodes to the very same bytes again, with the same values, and nothing
 * else.  SEED=n for the cases of another run.
 */

import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { ethers, root } from '../../scripts/lib/chain.mjs';

const MSEC = 4000;
const BATCH = 500;

/* strings as bytes: what is in them is any bytes; '-': core/abi drops it */

const FUNCTIONS = {
    permissions: ['uint256', 'address', '-uint256', 'uint256', 'bytes',
        'uint256', 'uint256', 'uint256[]'],
    granteesV2: ['address', 'address', 'bytes', '-uint256'],
    grantees: ['address', 'address', 'bytes', '-uint256[]'],
    files: ['uint256', 'address', 'bytes', 'uint256', 'uint256'],
    serverByAddress: ['uint256', 'address', 'address', 'bytes', 'bytes'],
    userServers: ['uint256', 'address', 'address', 'bytes', 'bytes',
        'uint256', 'uint256'],
    filePermissions: ['bytes'],
    granteeAddressToId: ['uint256'],
};

const PLAIN = ['filePermissions', 'granteeAddressToId'];
const NAMES = Object.keys(FUNCTIONS);

const coder = ethers.AbiCoder.defaultAbiCoder();

let state = Number(process.env.SEED ?? Date.now() % 1e9);
const seed = state;


/* mulberry32 */

function random(n) {
    state = (state + 0x6d2b79f5) | 0;

    let t = Math.imul(state ^ (state >>> 15), 1 | state);

    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;

    return ((t ^ (t >>> 14)) >>> 0) % n;
}


function bytes(n) {
    return Buffer.from(Array.from({ length: n }, () => random(256)));
}


/* small ones and the greatest as often as any */

function uint() {
    return [
        () => BigInt(random(3)),
        () => (1n << 256n) - 1n,
        () => BigInt(random(4096)) * 32n,
        () => ethers.toBigInt(bytes(32)),
    ][random(4)]();
}


function value(type) {
    switch (type) {

    case 'address':
        return ethers.hexlify(random(4) ? bytes(20) : Buffer.alloc(20));

    case 'bytes':
        return ethers.hexlify(bytes([0, 31, 32, 33, random(200)][random(5)]));

    case 'uint256[]':
        return Array.from({ length: random(6) }, uint);

    default:
        return uint();
    }
}


function types(name) {
    const list = FUNCTIONS[name].map((type) => type.replace('-', ''));

    return PLAIN.includes(name) ? list : ['tuple(' + list.join(',') + ')'];
}


function encode(name, values) {
    return coder.encode(types(name), PLAIN.includes(name) ? values : [values]);
}


function decode(name, data) {
    const result = coder.decode(types(name), data);

    return [...(PLAIN.includes(name) ? result : result[0])].map((field) =>
        typeof field === 'object' ? [...field] : field);
}


function hex(type, field) {
    switch (type) {

    case 'uint256':
        return field.toString(16).padStart(64, '0');

    case 'uint256[]':
        return field.map((one) => hex('uint256', one)).join('');

    default:
        return field.slice(2).toLowerCase();
    }
}


/* the line that t/abi/decode.c has to say */

function expected(name, data) {
    let fields;

    if (data.length === 0) {
        return 'again';
    }

    try {
        fields = decode(name, data);

        if (encode(name, fields) !== ethers.hexlify(data)) {
            return 'invalid';
        }

    } catch {
        return 'invalid';
    }

    return FUNCTIONS[name]
        .map((type, i) => (type[0] === '-' ? '' : ' ' + hex(type, fields[i])))
        .join('');
}


/* offsets and lengths beyond, back or aside, padding, ends, any bit */

function spoil(data) {
    const words = data.length / 32;
    const word = random(words) * 32;

    switch (random(8)) {

    case 0:
        return data.subarray(0, random(data.length));

    case 1:
        return Buffer.concat([data, bytes(1 + random(64))]);

    case 2:
        data[random(data.length)] ^= 1 << random(8);
        return data;

    case 3:
        data.writeUInt32BE(random(2) ? random(words + 2) * 32
                                     : random(data.length + 40), word + 28);
        return data;

    case 4:
        data.fill(255, word, word + 32);
        return data;

    case 5:

        /* another multiple of 2^32, or of 2^64: the same in fewer bits */

        data[word + (random(2) ? 27 : 23)] ^= 1;
        return data;

    case 6:

        /* the last word, which is padding where the last field is a string */

        data[data.length - 1 - random(Math.min(31, data.length))] ^= 1;
        return data;

    default:
        return Buffer.concat([data.subarray(0, word), Buffer.alloc(32),
            data.subarray(word)]);
    }
}


function cases() {
    return Array.from({ length: BATCH }, () => {
        const name = NAMES[random(NAMES.length)];
        const types = FUNCTIONS[name].map((type) => type.replace('-', ''));
        let data = Buffer.from(encode(name, types.map(value)).slice(2), 'hex');

        for (let n = random(3); n > 0 && data.length >= 32; n--) {
            data = spoil(data);

            if (data.length % 32) {
                break;
            }
        }

        return { name, data };
    });
}


test('core/abi takes what ethers does, as ethers encodes it', (t) => {
    const program = root + 'build/abi/decode';
    const seen = { taken: 0, refused: 0 };
    const end = Date.now() + MSEC;

    t.diagnostic('SEED=' + seed);

    execFileSync('make', ['-s', '-C', root, 'build/abi/decode']);

    while (Date.now() < end) {
        const batch = cases();
        const { stdout, status } = spawnSync(program, { encoding: 'latin1',
            input: batch.map(({ name, data }) =>
                name + ' ' + data.toString('hex') + '\n').join('') });
        const lines = stdout.split('\n');

        assert.equal(status, 0, 'SEED=' + seed);
        assert.equal(lines.length, batch.length + 1, 'a line for each');

        batch.forEach(({ name, data }, i) => {
            const line = expected(name, data);

            assert.equal(lines[i], line,
                `SEED=${seed}: ${name} 0x${data.toString('hex')}`);

            seen[line === 'invalid' || line === 'again' ? 'refused'
                                                        : 'taken']++;
        });
    }

    t.diagnostic(`${seen.taken} taken, ${seen.refused} refused`);
    assert.ok(seen.taken > 100 && seen.refused > 100, 'some of each');
});
