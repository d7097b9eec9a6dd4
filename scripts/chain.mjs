#!/usr/bin/env node

/*
 * The wallets' side of the development chain, one JSON line per answer:
 *
 *   node scripts/chain.mjs [--dir DIR] COMMAND ARGUMENT...
 *   node scripts/chain.mjs [--dir DIR] batch < commands
 *
 * DIR (build/chain, or CHAIN_DIR) is that of scripts/dev-chain.  A KEY is a
 * private key or a label, of which a key is made (the same every time).  A
 * batch reads {"cmd":"add-file","args":["owner1","http://.."]} lines, or
 * ["add-file","owner1","http://.."], and answers each in turn, a failed one
 * with {"error"}; it goes on after an error and then exits with 1.
 */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Chain, cid, ethers, root, wallet, walletJson } from './lib/chain.mjs';
import { fixtures } from './lib/fixtures.mjs';

let dir = process.env.CHAIN_DIR ?? root + 'build/chain';
let opened;


function chain() {
    return opened ??= Chain.open(dir);
}


function plain(value) {
    if (typeof value === 'bigint') {
        return value.toString();
    }

    return value instanceof ethers.Result ? value.toArray().map(plain) : value;
}


/* Arguments that are JSON come as text on the command line. */

function parsed(value) {
    return typeof value === 'string' && /^[[{"]|^(true|false|null)$/.test(value)
        ? JSON.parse(value) : value;
}


/*
 * Authorization of the data API.  The claims may be overridden one by one,
 * which makes the requests that have to be refused.
 */

function web3signedPayload(method, aud, uri, body, claims) {
    const now = Math.floor(Date.now() / 1000);
    const digest = ethers.sha256(ethers.toUtf8Bytes(body ?? ''));

    return Buffer.from(JSON.stringify({
        aud,
        bodyHash: 'sha256:' + digest.slice(2),
        exp: now + 300,
        iat: now,
        method,
        uri,
        ...parsed(claims),
    })).toString('base64url');
}


async function web3signed(key, ...request) {
    const payload = web3signedPayload(...request);

    return 'Web3Signed ' + payload + '.'
        + await wallet(key).signMessage(payload);
}


/* The same of an account that is a contract: its owners' keys sign. */

async function web3signedBy(keys, account, method, aud, uri, body, claims,
    domain)
{
    const payload = web3signedPayload(method, aud, uri, body,
        { iss: account, ...parsed(claims) });

    return 'Web3Signed ' + payload + '.'
        + await chain().signAsContract(parsed(keys), account, payload,
            parsed(domain));
}


/* name: [arguments, what it does, minimum of arguments, function] */

const commands = {
    'wallet': ['[KEY]', 'a wallet; random without KEY', 0,
        (key) => walletJson(wallet(key))],

    'fund': ['ADDRESS', '100 ether', 1,
        async (address) => {
            await chain().call('anvil_setBalance', address,
                ethers.toQuantity(ethers.parseEther('100')));
            return { address };
        }],

    'register-grantee': ['KEY [NAME [ACCOUNT]]',
        'makes an app a grantee, or the account for it', 1,
        (key, ...args) => chain().registerGrantee(wallet(key), ...args)],

    'add-file': ['KEY URL', 'registers a file', 2,
        (key, url) => chain().addFile(wallet(key), url)],

    'add-file-permission': ['KEY FILE_ID ACCOUNT BOX', 'a file\'s key', 4,
        (key, ...args) => chain().addFilePermission(wallet(key), ...args)],

    'add-permission': ['KEY GRANTEE_ID GRANT_URL [FILE_ID...]',
        'the owner signs, somebody else submits', 3,
        (key, grantee, grant, ...files) =>
            chain().addPermission(wallet(key), grantee, grant, files)],

    'revoke': ['KEY PERMISSION_ID', 'by a transaction of the owner', 2,
        (key, id) => chain().revoke(wallet(key), id)],

    'revoke-signed': ['KEY PERMISSION_ID', 'by a signature of the owner', 2,
        (key, id) => chain().revokeSigned(wallet(key), id)],

    'trust-server': ['KEY ADDRESS [PUBLIC_KEY [URL]]',
        'the owner trusts a server, registered where it is not', 2,
        (key, address, publicKey = '0x', url = 'http://127.0.0.1') =>
            chain().trustServer(wallet(key), address, publicKey, url)],

    'untrust-server': ['KEY ADDRESS', 'ends the trust', 2,
        (key, address) => chain().untrustServer(wallet(key), address)],

    'anchor': ['KEY LOG_ID SIZE ROOT', 'anchors a log', 4,
        (key, ...args) => chain().anchor(wallet(key), ...args)],

    'cid': ['FILE', 'the CID of the bytes', 1,
        (file) => ({ cid: cid(readFileSync(file)) })],

    'sign': ['KEY TEXT', 'EIP-191', 2,
        async (key, text) =>
            ({ signature: await wallet(key).signMessage(text) })],

    'sign-by': ['KEYS ACCOUNT TEXT [DOMAIN]',
        'of a contract, whose owners\' keys sign', 3,
        async (keys, account, text, domain) => ({
            signature: await chain().signAsContract(parsed(keys), account,
                text, parsed(domain)),
        })],

    'web3signed': ['KEY METHOD ORIGIN PATH [BODY [CLAIMS]]',
        'a header of the data API; CLAIMS is JSON that overrides', 4,
        async (...args) => ({ authorization: await web3signed(...args) })],

    'web3signed-by': [
        'KEYS ACCOUNT METHOD ORIGIN PATH [BODY [CLAIMS [DOMAIN]]]',
        'the same of a contract, whose owners\' keys sign', 5,
        async (...args) => ({ authorization: await web3signedBy(...args) })],

    'contract': ['NAME [ARGUMENT...]', 'a contract of contracts/, anew', 1,
        (name, ...args) => chain().create(name, ...args.map(parsed))],

    'set-owners': ['ACCOUNT FROM KEYS', 'of a contract wallet', 3,
        (account, from, keys) =>
            chain().setOwners(account, from, parsed(keys))],

    'delegate': ['ACCOUNT CODE', 'an account gets code (EIP-7702)', 2,
        (...args) => chain().delegate(...args)],

    'view': ['CONTRACT FUNCTION ARGUMENT...', 'what a contract answers', 2,
        async (...args) =>
            ({ result: plain(await chain().view(...args)) })],

    'poke': ['PERMISSION_ID FIELDS', 'overwrites fields of a permission', 2,
        async (id, fields) => {
            await chain().pokePermission(id, parsed(fields));
            return { permissionId: Number(id) };
        }],

    'mine': ['N', 'N blocks', 1, (n) => chain().mine(n)],

    'head': ['', 'the head\'s number', 0,
        async () => ({ head: await chain().head() })],

    'rpc': ['METHOD [ARGUMENT...]', 'a raw call', 1,
        async (method, ...params) => ({
            result: await chain().call(method, ...params.map(parsed)),
        })],

    'fixtures': ['DIR', 'the cast of the tests, into DIR', 1,
        (to) => fixtures(chain(), to)],

    'deploy': ['RPC CHAIN_ID', 'for scripts/dev-chain', 2,
        async (rpc, chainId) => {
            const c = new Chain({ rpc });

            await c.deploy(Number(chainId));
            c.save(dir);
            return c.info;
        }],
};


async function run(name, args) {
    const command = commands[name];

    if (!command) {
        throw new Error('unknown command: ' + name);
    }

    if (args.length < command[2]) {
        throw new Error('usage: ' + name + ' ' + command[0]);
    }

    return command[3](...args);
}


function print(value) {
    process.stdout.write(JSON.stringify(value) + '\n');
}


async function batch() {
    for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() === '') {
            continue;
        }

        try {
            const step = JSON.parse(line);
            const [name, ...args] = Array.isArray(step)
                ? step : [step.cmd, ...step.args ?? []];

            print(await run(name, args));

        } catch (e) {
            print({ error: e.message });
            process.exitCode = 1;
        }
    }
}


function usage() {
    for (const [name, [args, text]] of Object.entries(commands)) {
        console.error('  ' + (name + ' ' + args).padEnd(52) + ' ' + text);
    }

    process.exit(2);
}


const argv = process.argv.slice(2);

if (argv[0] === '--dir') {
    dir = argv[1];
    argv.splice(0, 2);
}

if (argv.length === 0) {
    usage();
}

if (argv[0] === 'batch') {
    await batch();

} else {
    try {
        print(await run(argv[0], argv.slice(1)));

    } catch (e) {
        console.error('chain.mjs: ' + e.message);
        process.exitCode = 1;
    }
}
