/*
 * The development chain as a wallet sees it: JSON-RPC, keys, transactions,
 * and the project's contracts.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const ethers = createRequire(root + 'build/npm/')('ethers');

const RICH = '0x56bc75e2d63100000';             /* 100 ether */

const GWEI = 1000000000n;

/* anvil's first account, whose key anvil itself holds */
const DEPLOYER = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

/*
 * From this nonce on the permissions contract gets the address that the
 * signatures in t/vectors/eip712.json were made for.
 */
const FIRST_NONCE = 3;

export const NAMES = {
    permissions: 'DataPortabilityPermissions',
    grantees: 'DataPortabilityGrantees',
    registry: 'DataRegistry',
    servers: 'DataPortabilityServers',
    anchor: 'AuditAnchor',
};

const TYPES = {
    Permission: [
        { name: 'nonce', type: 'uint256' },
        { name: 'granteeId', type: 'uint256' },
        { name: 'grant', type: 'string' },
        { name: 'fileIds', type: 'uint256[]' },
    ],
    RevokePermission: [
        { name: 'nonce', type: 'uint256' },
        { name: 'permissionId', type: 'uint256' },
    ],
};


/* A wallet of a key (0x and 64 hex digits), of a label, or a random one. */

export function wallet(keyOrLabel) {
    let key = keyOrLabel;

    if (key === undefined) {
        key = '0x' + randomBytes(32).toString('hex');

    } else if (!/^0x[0-9a-f]{64}$/i.test(key)) {
        key = ethers.id('pserver dev ' + key);
    }

    return new ethers.Wallet(key);
}


export function walletJson(w) {
    return {
        key: w.privateKey,
        address: w.address,
        publicKey: w.signingKey.publicKey,
    };
}


/* CIDv1, raw block, sha2-256, in base32. */

export function cid(bytes) {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    const digest = createHash('sha256').update(bytes).digest();
    const raw = Buffer.concat([Buffer.from([1, 0x55, 0x12, 0x20]), digest]);
    let text = 'b';
    let bits = 0;
    let value = 0;

    for (const byte of raw) {
        value = (value << 8 | byte) & 0xffff;
        bits += 8;

        while (bits >= 5) {
            bits -= 5;
            text += alphabet[value >> bits & 31];
        }
    }

    return bits ? text + alphabet[value << 5 - bits & 31] : text;
}


export function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}


export class Chain {

    /* Of a running chain: dir has its chain.json. */

    static open(dir) {
        return new Chain(JSON.parse(readFileSync(dir + '/chain.json', 'utf8')));
    }


    constructor(info) {
        const built = readFileSync(root + 'build/contracts.json', 'utf8');
        const all = JSON.parse(built).contracts;

        this.info = info;
        this.rpc = info.rpc;
        this.id = 0;
        this.contracts = {};
        this.built = all;

        for (const [short, name] of Object.entries(NAMES)) {
            this.contracts[short] = {
                address: info.contracts?.[short],
                bytecode: all[name].bytecode,
                slots: all[name].slots,
                interface: new ethers.Interface(all[name].abi),
            };
        }
    }


    async call(method, ...params) {
        const response = await fetch(this.rpc, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({
                jsonrpc: '2.0', id: ++this.id, method, params,
            }),
        });
        const answer = await response.json();

        if (answer.error) {
            const error = new Error(answer.error.message);

            error.data = answer.error.data;
            throw error;
        }

        return answer.result;
    }


    async head() {
        return Number(await this.call('eth_blockNumber'));
    }


    /* Puts the contracts on a fresh node and returns what chain.json says. */

    async deploy(chainId) {
        const order = ['registry', 'servers', 'anchor', 'grantees',
            'permissions'];
        const contracts = {};
        const hashes = [];

        await this.ready();

        if (Number(await this.call('eth_chainId')) !== chainId) {
            throw new Error('another chain answers at ' + this.rpc);
        }

        order.forEach((short, i) => {
            contracts[short] = ethers.getCreateAddress({
                from: DEPLOYER, nonce: FIRST_NONCE + i,
            });
        });

        await this.call('anvil_setNonce', DEPLOYER,
            ethers.toQuantity(FIRST_NONCE));

        for (const [i, short] of order.entries()) {
            const c = this.contracts[short];
            const args = {
                grantees: [contracts.permissions],
                permissions: [contracts.grantees],
            };
            const data = ethers.concat([
                c.bytecode, c.interface.encodeDeploy(args[short] ?? []),
            ]);

            c.address = contracts[short];
            hashes.push(await this.call('eth_sendTransaction', {
                from: DEPLOYER, data, nonce: ethers.toQuantity(FIRST_NONCE + i),
            }));
        }

        for (const [i, hash] of hashes.entries()) {
            const receipt = await this.receipt(hash);

            if (receipt.contractAddress
                !== contracts[order[i]].toLowerCase())
            {
                throw new Error(order[i] + ' is not where it should be');
            }
        }

        this.info = { rpc: this.rpc, chainId, contracts };

        return this.info;
    }


    async ready() {
        for (let i = 0; ; i++) {
            try {
                return await this.call('eth_chainId');

            } catch (e) {
                if (i === 200) {
                    throw e;
                }
            }

            await sleep(20);
        }
    }


    async receipt(hash) {
        for (;;) {
            const receipt = await this.call('eth_getTransactionReceipt', hash);

            if (receipt) {
                if (receipt.status !== '0x1') {
                    throw new Error('transaction failed: ' + hash);
                }

                return receipt;
            }

            await sleep(20);
        }
    }


    /* What a contract reverts with, by its name. */

    explain(short, error) {
        if (typeof error.data === 'string' && error.data.length >= 10) {
            const known = this.contracts[short].interface
                .parseError(error.data);

            if (known) {
                error.message = known.name + '(' + known.args.join(', ') + ')';
                error.name = known.name;
            }
        }

        return error;
    }


    async view(short, name, ...args) {
        const c = this.contracts[short];

        try {
            const data = await this.call('eth_call', {
                to: c.address, data: c.interface.encodeFunctionData(name, args),
            }, 'latest');

            return c.interface.decodeFunctionResult(name, data)[0];

        } catch (e) {
            throw this.explain(short, e);
        }
    }


    /*
     * Sends a transaction of wallet w, funded on the way, and returns the
     * block it got into, its hash and its events.
     */

    async send(w, short, name, ...args) {
        const c = this.contracts[short];
        const data = c.interface.encodeFunctionData(name, args);
        let gas;

        await this.call('anvil_setBalance', w.address, RICH);

        try {
            gas = await this.call('eth_estimateGas', {
                from: w.address, to: c.address, data,
            });

        } catch (e) {
            throw this.explain(short, e);
        }

        const hash = await this.call('eth_sendRawTransaction',
            await w.signTransaction({
                type: 2,
                chainId: this.info.chainId,
                to: c.address,
                data,
                gasLimit: BigInt(gas) * 3n / 2n,
                maxFeePerGas: 100n * GWEI,
                maxPriorityFeePerGas: GWEI,
                nonce: Number(await this.call('eth_getTransactionCount',
                    w.address, 'pending')),
            }));
        const receipt = await this.receipt(hash);

        return {
            block: Number(receipt.blockNumber),
            tx: hash,
            events: receipt.logs
                .filter((log) => log.address === c.address.toLowerCase())
                .map((log) => c.interface.parseLog(log))
                .filter((event) => event !== null),
        };
    }


    async signTyped(w, primaryType, message) {
        return w.signTypedData({
            name: 'VanaDataPortabilityPermissions',
            version: '1',
            chainId: this.info.chainId,
            verifyingContract: this.contracts.permissions.address,
        }, { [primaryType]: TYPES[primaryType] }, message);
    }


    async registerGrantee(w, name = w.address, account = w.address) {
        let id = await this.view('grantees', 'granteeAddressToId', account);

        if (id === 0n) {
            const sent = await this.send(w, 'grantees', 'registerGrantee',
                w.address, account, w.signingKey.publicKey);

            id = sent.events[0].args.granteeId;
        }

        return { granteeId: Number(id), address: account, name };
    }


    async addFile(w, url) {
        const sent = await this.send(w, 'registry', 'addFile', url);

        return {
            fileId: Number(sent.events[0].args.fileId),
            owner: w.address,
            url,
            block: sent.block,
        };
    }


    async addFilePermission(w, fileId, account, key) {
        const sent = await this.send(w, 'registry', 'addFilePermission',
            fileId, account, key);

        return { fileId: Number(fileId), account, block: sent.block };
    }


    /* The owner signs; by sends it (somebody else, unless told). */

    async addPermission(w, granteeId, grant, fileIds, by = wallet('relay')) {
        const nonce = await this.view('permissions', 'userNonce', w.address);
        const message = { nonce, granteeId, grant, fileIds };
        const signature = await this.signTyped(w, 'Permission', message);
        const sent = await this.send(by, 'permissions', 'addPermission',
            message, signature);

        return {
            permissionId: Number(sent.events[0].args.permissionId),
            grantor: w.address,
            granteeId: Number(granteeId),
            grant,
            fileIds: fileIds.map(Number),
            block: sent.block,
        };
    }


    async revoke(w, permissionId) {
        const sent = await this.send(w, 'permissions', 'revokePermission',
            permissionId);

        return { permissionId: Number(permissionId), block: sent.block };
    }


    async revokeSigned(w, permissionId, by = wallet('relay')) {
        const nonce = await this.view('permissions', 'userNonce', w.address);
        const message = { nonce, permissionId };
        const signature = await this.signTyped(w, 'RevokePermission', message);
        const sent = await this.send(by, 'permissions',
            'revokePermissionWithSignature', message, signature);

        return { permissionId: Number(permissionId), block: sent.block };
    }


    /*
     * Overwrites fields of a permission in the contract's storage, for states
     * that take no transaction to reach: a start in the future, a grantee
     * that never was.
     */

    async pokePermission(permissionId, fields) {
        const c = this.contracts.permissions;
        const places = {
            grantor: 1, nonce: 2, granteeId: 3, startBlock: 5, endBlock: 6,
        };
        const base = BigInt(ethers.solidityPackedKeccak256(
            ['uint256', 'uint256'], [permissionId, c.slots._permissions]));

        for (const [name, value] of Object.entries(fields)) {
            await this.call('anvil_setStorageAt', c.address,
                ethers.toBeHex(base + BigInt(places[name]), 32),
                ethers.toBeHex(value, 32));
        }

        /* a state of its own block, so that a cache by block sees it */
        await this.mine(1);
    }


    async trustServer(w, address, publicKey, url) {
        let id = await this.view('servers', 'serverAddressToId', address);
        let sent;

        if (id === 0n) {
            sent = await this.send(w, 'servers', 'addAndTrustServer',
                { serverAddress: address, publicKey, serverUrl: url });
            id = sent.events[0].args.serverId;

        } else {
            sent = await this.send(w, 'servers', 'trustServer', id);
        }

        return {
            serverId: Number(id), server: address, user: w.address,
            block: sent.block,
        };
    }


    async untrustServer(w, address) {
        const id = await this.view('servers', 'serverAddressToId', address);
        const sent = await this.send(w, 'servers', 'untrustServer', id);

        return {
            serverId: Number(id), server: address, user: w.address,
            block: sent.block,
        };
    }


    async anchor(w, logId, size, rootHash) {
        const sent = await this.send(w, 'anchor', 'anchor', logId, size,
            rootHash);

        return { logId, size: Number(size), root: rootHash, block: sent.block };
    }


    /* Puts another of the project's contracts on the chain. */

    async create(name, ...args) {
        const { abi, bytecode } = this.built[name];
        const data = ethers.concat([
            bytecode, new ethers.Interface(abi).encodeDeploy(args),
        ]);
        const receipt = await this.receipt(
            await this.call('eth_sendTransaction', { from: DEPLOYER, data }));

        return { address: receipt.contractAddress };
    }


    /*
     * What owners of a contract wallet sign, as it takes it.  An externally
     * owned account can be one: it delegates to code (EIP-7702).
     */

    async signAsContract(keys, account, text, domain) {
        const signatures = [];

        for (const key of keys) {
            signatures.push(await wallet(key).signTypedData({
                name: 'Web3Signed',
                version: '1',
                chainId: this.info.chainId,
                verifyingContract: account,
                ...domain,
            }, { Web3Signed: [{ name: 'text', type: 'string' }] }, { text }));
        }

        return ethers.concat(signatures);
    }


    async setOwners(account, from, keys) {
        const abi = new ethers.Interface(this.built.ContractWallet.abi);

        await this.call('anvil_impersonateAccount', from);
        await this.call('anvil_setBalance', from, RICH);
        await this.receipt(await this.call('eth_sendTransaction', {
            from, to: account, data: abi.encodeFunctionData('setOwners',
                [keys.map((key) => wallet(key).address)]),
        }));
        await this.call('anvil_stopImpersonatingAccount', from);

        return { account };
    }


    async delegate(account, code) {
        await this.call('anvil_setCode', account,
            ethers.concat(['0xef0100', code]));

        return this.mine(1);
    }


    async mine(n) {
        await this.call('anvil_mine', ethers.toQuantity(n));

        return { head: await this.head() };
    }


    save(dir) {
        mkdirSync(dir, { recursive: true });
        writeFileSync(dir + '/chain.json',
            JSON.stringify(this.info, null, 2) + '\n');
    }
}
