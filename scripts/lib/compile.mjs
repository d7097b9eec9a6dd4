/*
 * Compiles contracts/ into build/contracts.json, unless what is there was
 * made of the same sources by the same compiler.
 */

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const output = root + 'build/contracts.json';

const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'paris',
    metadata: { bytecodeHash: 'none' },
    outputSelection: {
        '*': { '*': ['abi', 'evm.bytecode.object', 'storageLayout'] },
    },
};


function readSources() {
    const sources = {};

    for (const name of readdirSync(root + 'contracts').sort()) {
        if (name.endsWith('.sol')) {
            sources[name] = {
                content: readFileSync(root + 'contracts/' + name, 'utf8'),
            };
        }
    }

    return sources;
}


function compile(sources) {
    const solc = createRequire(root + 'build/npm/')('solc');
    const input = { language: 'Solidity', sources, settings };
    const result = JSON.parse(solc.compile(JSON.stringify(input)));
    const contracts = {};

    if (result.errors?.length) {
        console.error(result.errors.map((e) => e.formattedMessage).join('\n'));
        process.exit(1);
    }

    for (const file of Object.values(result.contracts)) {
        for (const [name, c] of Object.entries(file)) {
            contracts[name] = {
                abi: c.abi,
                bytecode: '0x' + c.evm.bytecode.object,
                slots: Object.fromEntries(
                    c.storageLayout.storage.map((s) => [s.label, s.slot])),
            };
        }
    }

    return contracts;
}


const sources = readSources();
const lock = readFileSync(root + 'contracts/package-lock.json', 'utf8');
const digest = createHash('sha256')
    .update(JSON.stringify([sources, settings,
        JSON.parse(lock).packages['node_modules/solc'].integrity]))
    .digest('hex');

let old;

try {
    old = JSON.parse(readFileSync(output, 'utf8')).digest;

} catch {
    old = null;
}

if (old !== digest) {
    const json = JSON.stringify({ digest, contracts: compile(sources) });

    writeFileSync(output + '.new', json);
    renameSync(output + '.new', output);
}
