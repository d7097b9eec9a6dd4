// A second implementation of docs/receipts.md, from its text alone, over
// ethers.
//
//   node receipt.mjs verify < answer of GET /api/v1/operations/{id}
//   node receipt.mjs vector > t/vectors/receipt.json
//
// "verify" prints { server, opened } or dies with what does not hold.

import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ethers } from '../../scripts/lib/chain.mjs';


const bytes32 = (name) => ({ name, type: 'bytes32' });
const uint64 = (name) => ({ name, type: 'uint64' });

const types = { Receipt: [
    ...['operation', 'image', 'permission', 'inputs', 'output'].map(bytes32),
    uint64('block'), bytes32('blockHash'), { name: 'log', type: 'string' },
    uint64('entry'), bytes32('leaf'), uint64('finishedAt'),
] };

const fields = { permission: 3, inputs: 11, output: 12 };

const typed = (r) => [
    { name: 'Personal Server receipt', version: '1', chainId: r.chain_id,
        salt: ethers.keccak256(ethers.toUtf8Bytes(r.origin)) },
    types,
    { ...r, blockHash: r.block_hash, finishedAt: r.finished_at },
];

const sha256 = (data) => createHash('sha256').update(data).digest();

const value = (name, opening) => name === 'permission'
    ? ethers.getBytes(ethers.toBeHex(BigInt(opening.id), 32))
    : sha256(opening.manifest);

const commit = (name, opening) => '0x'
    + createHmac('sha256', ethers.getBytes(opening.key))
        .update(Buffer.from([fields[name]])).update(value(name, opening))
        .digest('hex');

const must = (ok, what) => {
    if (!ok) {
        console.error(what);
        process.exit(1);
    }
};


function verify() {
    const text = readFileSync(0, 'utf8');
    const { id, receipt } = JSON.parse(text);

    must(ethers.verifyTypedData(...typed(receipt), receipt.signature)
        === receipt.server, 'the signature');
    must(receipt.operation === '0x'
        + sha256(Buffer.from(id, 'hex')).toString('hex'), 'the operation');

    for (const [name, opening] of Object.entries(receipt.openings)) {
        must(commit(name, opening) === receipt[name], `the ${name}`);
    }

    /* the result to the byte: between its name and that of the receipt */

    const begin = text.indexOf('"result":') + '"result":'.length;
    const result = text.slice(begin, text.lastIndexOf(',"receipt":{'));

    must(receipt.openings.output.manifest.startsWith(
        `${sha256(result).toString('hex')}  result.json\n`), 'the result');

    console.log(JSON.stringify({ server: receipt.server,
        opened: Object.keys(receipt.openings).sort() }));
}


async function vector() {
    const word = (n) => '0x' + Buffer.alloc(32, n).toString('hex');
    const wallet = new ethers.Wallet(word(7));
    const openings = {
        permission: { key: word(1), id: '1024' },
        inputs: { key: word(2),
            manifest: `${'ab'.repeat(32)}  data/1.json\n` },
        output: { key: word(3), manifest:
            `${sha256('{"n":1}').toString('hex')}  result.json\n`
            + `${'cd'.repeat(32)}  a b.txt\n` },
    };
    const receipt = {
        kind: 'Receipt', server: wallet.address,
        origin: 'https://me.example.org', chain_id: 1480,
        operation: word(0x11), image: word(0x12),
        ...Object.fromEntries(Object.entries(openings)
            .map(([name, opening]) => [name, commit(name, opening)])),
        block: 5183021, block_hash: word(0x13),
        log: 'pserver/0123456789abcdef', entry: 1817, leaf: word(0x14),
        finished_at: 1767225600123,
    };

    receipt.signature = await wallet.signTypedData(...typed(receipt));
    receipt.openings = openings;

    console.log(JSON.stringify({ key: word(7),
        digest: ethers.TypedDataEncoder.hash(...typed(receipt)), receipt }));
}


await { verify, vector }[process.argv[2]]();
