#!/usr/bin/env node

/*
 * The contracts of contracts/ against t/vectors/{abi,eip712}.json: the calls
 * that made the vectors are sent again, in the same blocks, and every raw
 * answer, log and digest has to be the same.  Then what must revert, and the
 * wallets' side.  A chain of its own on PORT + 15.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');

const root = __dirname + '/..';
const dir = root + '/build/t-contracts';
const port = String(Number(process.env.PORT ?? 19840) + 15);

let count = 0;


function ok(passed, name) {
    console.log((passed ? 'ok ' : 'not ok ') + ++count + ' - ' + name);

    if (!passed) {
        process.exitCode = 1;
    }

    return passed;
}


function is(got, expected, name) {
    if (!ok(isDeepStrictEqual(got, expected), name)) {
        console.log('# got      ' + JSON.stringify(got));
        console.log('# expected ' + JSON.stringify(expected));
    }
}


async function reverts(promise, expected, name) {
    let message = 'no revert';

    try {
        await promise;

    } catch (e) {
        message = e.message;
    }

    is(message, expected, name);
}


function devChain(...args) {
    return execFileSync(root + '/scripts/dev-chain',
        [args[0], dir, '--port', port, ...args.slice(1)],
        { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}


function vectors(name) {
    return JSON.parse(readFileSync(root + '/t/vectors/' + name, 'utf8'));
}


const SHORT = {
    DataPortabilityPermissions: 'permissions',
    DataPortabilityGrantees: 'grantees',
    DataRegistry: 'registry',
    DataPortabilityServers: 'servers',
};

const ZERO = '0x0000000000000000000000000000000000000000';
const SERVER = '0x237fE097a2B04Fc8D132874e01cbb2C59ed07a8C';


function key(digit) {
    return '0x' + digit.repeat(64);
}


/* What the vectors tell of the chain that they were read from. */

async function replay(chain, wallet, abi, eip712) {
    const decoded = (name, id) => abi.calls.find(
        (c) => c.function === name && c.args[0] === id).decoded;
    const owners = { '1': wallet(key('1')), '5': wallet(key('3')) };
    const box = decoded('filePermissions(uint256,address)', '1');

    for (const [id, digit] of [['1', '2'], ['2', '4']]) {
        const [owner, address, publicKey] = decoded('grantees(uint256)', id);

        await chain.send(wallet(key(digit)), 'grantees', 'registerGrantee',
            owner, address, publicKey);
    }

    await chain.mine(13 - await chain.head());

    for (const id of ['1', '2', '3', '4', '5']) {
        const url = decoded('files(uint256)', id)[2];
        const owner = owners[id] ?? owners['1'];

        if (id === '1') {
            await chain.send(owner, 'registry', 'addFileWithPermissions',
                url, owner.address, [{ account: SERVER, key: box }]);

        } else {
            await chain.addFile(owner, url);
        }
    }

    for (const c of eip712.cases) {
        await chain.send(wallet('relay'), 'permissions', 'addPermission',
            c.message, c.signature);
    }

    await chain.revoke(owners['1'], 3);
    is(await chain.head(), abi.block, 'the replay ends at the same block');
}


async function known(chain, ethers, abi, eip712) {
    for (const c of eip712.cases) {
        const name = 'eip712: nonce ' + c.message.nonce + ' of ' + c.signer;

        is(chain.contracts.permissions.address, c.domain.verifyingContract,
            name + ', contract');
        is(ethers.TypedDataEncoder.hash(c.domain, c.types, c.message),
            c.digest, name + ', digest');
        is(await chain.signTyped(new ethers.Wallet(c.privateKey),
            'Permission', c.message), c.signature, name + ', signature');
    }

    for (const c of abi.calls) {
        const contract = chain.contracts[SHORT[c.contract]];
        const name = 'abi: ' + c.contract + '.' + c.function
            + ' of ' + c.args.join(', ');
        let got;

        is(contract.interface.encodeFunctionData(c.function, c.args),
            c.calldata, name + ', calldata');

        try {
            got = await chain.call('eth_call',
                { to: contract.address, data: c.calldata }, 'latest');

        } catch (e) {
            got = e.data;
        }

        is(got, c.returns ?? c.reverts, name);
    }

    const logs = await chain.call('eth_getLogs', {
        address: chain.contracts.permissions.address,
        fromBlock: '0x0', toBlock: 'latest',
    });

    is(logs.map((log) => ({
        event: chain.contracts.permissions.interface.parseLog(log).name,
        topics: log.topics,
        data: log.data,
        blockNumber: Number(log.blockNumber),
    })), abi.logs, 'abi: logs');
}


/* The state of a block stays readable by its hash. */

async function history(chain, abi) {
    const { address } = chain.contracts.permissions;
    const { calldata } = abi.calls.find((c) => c.args[0] === '3');

    for (const [number, end] of [[22, 2n ** 256n - 1n], [23, 23n]]) {
        const block = await chain.call('eth_getBlockByNumber',
            '0x' + number.toString(16), false);
        const data = await chain.call('eth_call', { to: address,
            data: calldata },
        { blockHash: block.hash, requireCanonical: true });
        const [info] = chain.contracts.permissions.interface
            .decodeFunctionResult('permissions', data);

        is(info.endBlock, end, 'permission 3 at the hash of block ' + number);
    }
}


async function permissions(chain, wallet, ethers, eip712) {
    const owner = wallet(key('1'));
    const relay = wallet('relay');
    const stranger = wallet('stranger');
    const none = [];

    async function add(message, change = (signature) => signature) {
        const signature = await chain.signTyped(owner, 'Permission', message);

        return chain.send(relay, 'permissions', 'addPermission', message,
            change(signature));
    }

    const next = { nonce: 3n, granteeId: 1n, grant: 'x', fileIds: [1n] };
    const highS = (signature) => {
        const { r, s, v } = ethers.Signature.from(signature);
        const n = BigInt('0xfffffffffffffffffffffffffffffffe'
            + 'baaedce6af48a03bbfd25e8cd0364141');

        return ethers.concat([r, ethers.toBeHex(n - BigInt(s), 32),
            ethers.toBeHex(v ^ 7, 1)]);
    };

    await reverts(chain.send(relay, 'permissions', 'addPermission',
        eip712.cases[0].message, eip712.cases[0].signature),
    'InvalidNonce(3, 0)', 'add: the same signature again');
    await reverts(add({ ...next, nonce: 4n }), 'InvalidNonce(3, 4)',
        'add: a nonce ahead');
    await reverts(add(next, highS), 'InvalidSignature()', 'add: high s');
    await reverts(add(next, (s) => s.slice(0, -2)), 'InvalidSignature()',
        'add: 64 bytes');
    await reverts(add(next, (s) => s + '00'), 'InvalidSignature()',
        'add: 66 bytes');
    await reverts(add(next, (s) => s.slice(0, -2) + '01'),
        'InvalidSignature()', 'add: v of 1');
    await reverts(chain.send(relay, 'permissions', 'addPermission',
        { ...next, grant: 'y' },
        await chain.signTyped(owner, 'Permission', next)),
    'InvalidNonce(0, 3)', 'add: another text than signed, another signer');
    await reverts(add({ ...next, grant: '' }), 'EmptyGrant()',
        'add: empty grant');
    await reverts(add({ ...next, granteeId: 0n }), 'GranteeNotFound()',
        'add: grantee 0');
    await reverts(add({ ...next, granteeId: 3n }), 'GranteeNotFound()',
        'add: unknown grantee');
    is(await chain.view('permissions', 'userNonce', owner.address), 3n,
        'what reverted used no nonce');

    await reverts(chain.revoke(stranger, 1),
        'NotPermissionGrantor(' + owner.address + ', ' + stranger.address
        + ')', 'revoke: not the grantor');
    await reverts(chain.revoke(owner, 3), 'InactivePermission(3)',
        'revoke: again');
    await reverts(chain.revoke(owner, 99),
        'NotPermissionGrantor(' + ZERO + ', ' + owner.address + ')',
        'revoke: unknown');
    await reverts(chain.revokeSigned(stranger, 1),
        'NotPermissionGrantor(' + owner.address + ', ' + stranger.address
        + ')', 'revoke by signature: not the grantor');

    const added = await chain.addPermission(owner, 1, 'ipfs://z', none);

    is(added.permissionId, 5, 'add: without files');

    const revoked = await chain.revokeSigned(owner, 1);
    const info = await chain.view('permissions', 'permissions', 1);

    is(Number(info.endBlock), revoked.block, 'revoke by signature: endBlock');
    is(await chain.view('permissions', 'userNonce', owner.address), 5n,
        'adding and revoking share the nonce');
    await reverts(chain.revokeSigned(owner, 1), 'InactivePermission(1)',
        'revoke by signature: again');

    const grantee = await chain.view('grantees', 'grantees', 1);

    is([...grantee.permissionIds], [5n, 2n],
        'the last permission of a list takes the place of a revoked one');
}


async function grantees(chain, wallet) {
    const app = wallet(key('2'));
    const register = (...args) =>
        chain.send(app, 'grantees', 'registerGrantee', ...args);

    await reverts(register(app.address, app.address, '0x04'),
        'GranteeAlreadyRegistered()', 'register: again');
    await reverts(register(ZERO, SERVER, '0x04'), 'ZeroAddress()',
        'register: no owner');
    await reverts(register(SERVER, ZERO, '0x04'), 'ZeroAddress()',
        'register: no address');
    await reverts(register(SERVER, SERVER, ''), 'EmptyPublicKey()',
        'register: no public key');

    for (const name of ['addPermissionToGrantee',
        'removePermissionFromGrantee'])
    {
        await reverts(chain.send(app, 'grantees', name, 1, 2),
            'NotPermissionsContract()', name + ': by an app');
    }
}


async function registry(chain, wallet) {
    const owner = wallet(key('1'));

    await reverts(chain.addFilePermission(wallet('stranger'), 1, SERVER, 'ff'),
        'NotFileOwner()', 'file permission: not the owner');
    await reverts(chain.addFilePermission(owner, 99, SERVER, 'ff'),
        'NotFileOwner()', 'file permission: unknown file');
    await chain.addFilePermission(owner, 2, SERVER, 'c0ffee');
    is(await chain.view('registry', 'filePermissions', 2, SERVER), 'c0ffee',
        'file permission: readable');
}


async function servers(chain, wallet) {
    const owner = wallet(key('1'));
    const other = wallet('other');
    const max = 2n ** 256n - 1n;
    const view = async (w) =>
        [...await chain.view('servers', 'userServers', w.address, 1)];

    const trusted = await chain.trustServer(owner, SERVER, '0x04', 'http://s');
    const record = [1n, owner.address, SERVER, '0x04', 'http://s'];

    is([...await chain.view('servers', 'serverByAddress', SERVER)], record,
        'servers: by address');
    is(await view(owner), [...record, BigInt(trusted.block), max],
        'servers: trusted');
    await reverts(view(other), 'ServerNotTrusted()',
        'servers: trusted by somebody else');
    await reverts(chain.send(other, 'servers', 'addAndTrustServer',
        { serverAddress: SERVER, publicKey: '0x04', serverUrl: 'http://o' }),
    'ServerAlreadyRegistered()', 'servers: registered once');
    await reverts(chain.send(other, 'servers', 'trustServer', 2),
        'ServerNotFound()', 'servers: trust of an unknown one');
    await reverts(chain.untrustServer(other, SERVER), 'ServerNotTrusted()',
        'servers: end of no trust');

    const ended = await chain.untrustServer(owner, SERVER);

    is((await view(owner)).slice(5),
        [BigInt(trusted.block), BigInt(ended.block)], 'servers: ended');
    await reverts(chain.untrustServer(owner, SERVER),
        'ServerAlreadyUntrusted()', 'servers: ended again');

    const again = await chain.trustServer(owner, SERVER);

    is((await view(owner)).slice(5), [BigInt(again.block), max],
        'servers: trusted anew');

    for (const [input, error] of [
        [[ZERO, '0x04', 'http://s'], 'ZeroAddress()'],
        [[other.address, '', 'http://s'], 'EmptyPublicKey()'],
        [[other.address, '0x04', ''], 'EmptyUrl()'],
    ]) {
        await reverts(chain.send(other, 'servers', 'addAndTrustServer', input),
            error, 'servers: ' + error);
    }
}


async function anchors(chain, wallet, ethers) {
    const w = wallet('log');
    const other = wallet('other');
    const log = ethers.id('log 1');
    const log2 = ethers.id('log 2');
    const hash = (n) => ethers.id('root ' + n);
    const latest = async (by, id) =>
        [...await chain.view('anchor', 'latest', by.address, id)];
    const none = [0n, 0n, 0n, '0x' + '0'.repeat(64)];

    is(await latest(w, log), none, 'anchor: none yet');
    await reverts(chain.anchor(w, log, 0, hash(0)), 'NotGrown(0, 0)',
        'anchor: an empty log');

    const sent = await chain.send(w, 'anchor', 'anchor', log, 5, hash(5));
    const block = await chain.call('eth_getBlockByNumber',
        ethers.toQuantity(sent.block), false);

    is(await latest(w, log), [5n, BigInt(sent.block),
        BigInt(block.timestamp), hash(5)], 'anchor: latest');
    is([sent.events[0].name, ...sent.events[0].args],
        ['Anchored', w.address, log, 5n, hash(5)], 'anchor: event');

    await reverts(chain.anchor(w, log, 5, hash(5)), 'NotGrown(5, 5)',
        'anchor: the same again');
    await reverts(chain.anchor(w, log, 5, hash('x')), 'NotGrown(5, 5)',
        'anchor: another root of the same size');
    await reverts(chain.anchor(w, log, 4, hash(4)), 'NotGrown(5, 4)',
        'anchor: a smaller size');

    is(await latest(other, log), none, 'anchor: another sender has none');
    await chain.anchor(other, log, 1, hash('o'));
    await chain.anchor(w, log2, 2, hash(2));
    is((await latest(w, log))[3], hash(5),
        'anchor: untouched by another sender and another log');

    await chain.anchor(w, log, 2n ** 64n - 1n, hash(6));
    is((await latest(w, log))[0], 2n ** 64n - 1n, 'anchor: the largest size');
}


/* chain.mjs as a program, and the tests' cast. */

async function wallets(chain, ethers) {
    const run = (input, ...args) => spawnSync('node',
        [root + '/scripts/chain.mjs', '--dir', dir, ...args],
        { input, encoding: 'utf8', env: { ...process.env, PORT: port } });

    writeFileSync(dir + '/hello', 'hello world');

    is(JSON.parse(run('', 'cid', dir + '/hello').stdout), {
        cid: 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
    }, 'chain.mjs: cid');

    const batch = run('{"cmd":"wallet","args":["owner1"]}\n\n["nope"]\n'
        + '["add-permission","owner1",9,"x"]\n["mine",2]\n', 'batch');
    const lines = batch.stdout.trim().split('\n').map((l) => JSON.parse(l));

    is([lines.length, lines[0].key, lines[1], lines[2],
        lines[3].head, batch.status],
    [4, ethers.id('pserver dev owner1'), { error: 'unknown command: nope' },
        { error: 'GranteeNotFound()' }, await chain.head(), 1],
    'chain.mjs: a batch goes on after an error');

    is(run('', 'fixtures', dir).status, 0, 'chain.mjs: fixtures');

    const f = JSON.parse(readFileSync(dir + '/fixtures.json', 'utf8'));
    const head = BigInt(await chain.head());
    const state = {};

    for (const [name, p] of Object.entries(f.permissions)) {
        const info = await chain.view('permissions', 'permissions', p.id);
        let served = null;

        try {
            served = readFileSync(dir + '/ipfs/' + p.cid, 'utf8');

        } catch {
            served = null;
        }

        state[name] = {
            grantor: info.grantor === f.wallets[p.owner].address,
            grantee: Number(info.granteeId) === f.grantees[p.app],
            grant: info.grant === 'ipfs://' + p.cid,
            started: info.startBlock <= head,
            open: info.endBlock > head,
            files: info.fileIds.length,
            served: served === p.grant,
        };
    }

    const fine = { grantor: true, grantee: true, grant: true, started: true,
        open: true, files: 1, served: true };
    const other = { not_started: { started: false }, revoked: { open: false },
        no_grantee: { grantee: false }, no_files: { files: 0 },
        mixed_files: { files: 2 }, grant_missing: { served: false },
        grant_changed: { served: false } };

    is(state, Object.fromEntries(Object.keys(f.permissions).map(
        (name) => [name, { ...fine, ...other[name] }])),
    'fixtures: each permission is on chain as its name says');
}


async function main() {
    rmSync(dir, { recursive: true, force: true });

    const started = JSON.parse(devChain('start'));

    try {
        const { Chain, ethers, wallet } =
            await import(root + '/scripts/lib/chain.mjs');
        const abi = vectors('abi.json');
        const eip712 = vectors('eip712.json');
        const chain = Chain.open(dir);

        await replay(chain, wallet, abi, eip712);
        await known(chain, ethers, abi, eip712);
        await history(chain, abi);
        await permissions(chain, wallet, ethers, eip712);
        await grantees(chain, wallet);
        await registry(chain, wallet);
        await servers(chain, wallet);
        await anchors(chain, wallet, ethers);
        await wallets(chain, ethers);

        is(JSON.parse(devChain('start')), started,
            'dev-chain: the same addresses on every start');

    } catch (e) {
        ok(false, e.stack.replaceAll('\n', ' '));

    } finally {
        devChain('stop');
    }

    const status = spawnSync(root + '/scripts/dev-chain', ['status', dir],
        { encoding: 'utf8' });

    is([status.status, status.stdout], [1, 'not running\n'],
        'dev-chain: stopped');
    console.log('1..' + count);
}


main();
