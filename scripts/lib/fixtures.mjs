/*
 * The cast of the tests: owners, apps, files, grant files, and a permission
 * for every way to be allowed and to be refused.  Wallets, CIDs and grant
 * files are the same every time; ids are those that the chain gives.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cid, wallet, walletJson } from './chain.mjs';

const YEAR_2100 = 4102444800;
const FAR = 1n << 40n;


export async function fixtures(chain, dir) {
    const origin = process.env.ORIGIN
        ?? 'http://127.0.0.1:' + (process.env.PORT ?? 19840);
    const names = ['owner1', 'owner2', 'owner3', 'app1', 'app2', 'stranger'];
    const w = Object.fromEntries(names.map((name) => [name, wallet(name)]));
    const grantees = {};
    const files = {};
    const permissions = {};

    rmSync(dir + '/ipfs', { recursive: true, force: true });
    mkdirSync(dir + '/ipfs', { recursive: true });

    for (const app of ['app1', 'app2']) {
        grantees[app] = (await chain.registerGrantee(w[app])).granteeId;
    }


    async function file(name, owner, url) {
        const { fileId } = await chain.addFile(w[owner], url);

        files[name] = { id: fileId, owner, url };
    }


    function grantText(grantee, operation, parameters = {}, more = {}) {
        return JSON.stringify({
            grantee: w[grantee].address, operation, parameters, ...more,
        });
    }


    /* served: false = the grant file is not there, text = another content */

    async function permission(name, owner, app, text, fileNames, served = text)
    {
        const id = cid(Buffer.from(text));
        const fileIds = fileNames.map((f) => files[f].id);
        const added = await chain.addPermission(w[owner], grantees[app],
            'ipfs://' + id, fileIds);

        if (served !== false) {
            writeFileSync(dir + '/ipfs/' + id, served);
        }

        permissions[name] = {
            id: added.permissionId, owner, app, cid: id, grant: text, fileIds,
        };

        return added.permissionId;
    }


    const data = origin + '/v1/data/';

    await file('messages', 'owner1', data + 'demo.messages');
    await file('notes', 'owner2', data + 'demo.notes');
    await file('unserved', 'owner3', data + 'demo.messages');

    /* of owner1: owner2's scope, another origin, never stored, bad URLs */
    await file('others_url', 'owner1', data + 'demo.notes');
    await file('other_origin', 'owner1',
        'https://other.example.org/v1/data/demo.messages');
    await file('not_stored', 'owner1', data + 'demo.not_stored');
    await file('dots', 'owner1', data + '../data/demo.messages');
    await file('escaped', 'owner1', data + 'demo%2Emessages');
    await file('local_file', 'owner1', 'file:///etc/passwd');

    const own = ['messages'];
    const count = grantText('app1', 'word_count');

    await permission('ok', 'owner1', 'app1', count, own);
    await permission('ok2', 'owner2', 'app2',
        grantText('app2', 'word_count', {}, { expires: YEAR_2100 }), ['notes']);
    await permission('search', 'owner1', 'app1',
        grantText('app1', 'search', { query: 'harbour' }), own);
    await permission('read', 'owner1', 'app1',
        grantText('app1', 'data_read', { scopes: ['demo.messages'] }), own);
    await permission('read_all', 'owner1', 'app1',
        grantText('app1', 'data_read', { scopes: ['*'] }), own);
    await permission('read2', 'owner2', 'app2',
        grantText('app2', 'data_read', { scopes: ['demo.notes'] }), ['notes']);
    await permission('filters', 'owner1', 'app1',
        grantText('app1', 'word_count', {
            filters: { [files.messages.id]: '$.messages[*].text' },
        }), own);
    await permission('bad_filter', 'owner1', 'app1',
        grantText('app1', 'word_count', {
            filters: { [files.messages.id]: '$.messages[' },
        }), own);
    await permission('foreign_filter', 'owner1', 'app1',
        grantText('app1', 'word_count', {
            filters: { [files.notes.id]: '$' },
        }), own);
    await permission('ends_later', 'owner1', 'app1',
        grantText('app1', 'word_count', { mode: 'ends_later' }), own);

    await permission('revoked', 'owner1', 'app1', count, own);
    await permission('to_revoke', 'owner1', 'app1', count, own);
    await permission('not_started', 'owner1', 'app1', count, own);
    await permission('no_grantee', 'owner1', 'app1', count, own);
    await permission('unserved', 'owner3', 'app1', count, ['unserved']);

    await permission('no_files', 'owner1', 'app1', count, []);
    await permission('foreign_file', 'owner1', 'app1', count, ['notes']);
    await permission('mixed_files', 'owner1', 'app1', count,
        ['messages', 'notes']);
    await permission('other_owner_url', 'owner1', 'app1', count,
        ['others_url']);
    await permission('other_origin', 'owner1', 'app1', count,
        ['other_origin']);
    await permission('not_stored', 'owner1', 'app1', count, ['not_stored']);
    await permission('dots_url', 'owner1', 'app1', count, ['dots']);
    await permission('escaped_url', 'owner1', 'app1', count, ['escaped']);
    await permission('local_file_url', 'owner1', 'app1', count,
        ['local_file']);

    await permission('expired', 'owner1', 'app1',
        grantText('app1', 'word_count', {}, { expires: 1000000000 }), own);
    await permission('read_expired', 'owner1', 'app1',
        grantText('app1', 'data_read', { scopes: ['demo.messages'] },
            { expires: 1000000000 }), own);
    await permission('wrong_grantee', 'owner1', 'app1',
        grantText('app2', 'word_count'), own);
    await permission('unknown_operation', 'owner1', 'app1',
        grantText('app1', 'no_such_operation'), own);
    await permission('extra_member', 'owner1', 'app1',
        grantText('app1', 'word_count', {}, { note: 'x' }), own);
    await permission('duplicate_member', 'owner1', 'app1',
        count.replace('{', '{"operation":"search",'), own);
    await permission('bad_json', 'owner1', 'app1', count.slice(0, -1), own);
    await permission('bad_types', 'owner1', 'app1',
        grantText('app1', 'word_count', [], { expires: '0' }), own);
    await permission('grant_missing', 'owner1', 'app1',
        grantText('app1', 'word_count', { mode: 'missing' }), own, false);
    await permission('grant_changed', 'owner1', 'app1',
        grantText('app1', 'word_count', { mode: 'changed' }), own, count);

    const head = BigInt(await chain.head());
    const id = Object.fromEntries(
        Object.entries(permissions).map(([name, p]) => [name, p.id]));

    await chain.revoke(w.owner1, id.revoked);
    await chain.pokePermission(id.not_started, { startBlock: head + FAR });
    await chain.pokePermission(id.ends_later, { endBlock: head + FAR });
    await chain.pokePermission(id.no_grantee, { granteeId: FAR });

    const all = {
        origin,
        chain: chain.info,
        wallets: Object.fromEntries(
            names.map((name) => [name, walletJson(w[name])])),
        grantees,
        files,
        permissions,
        unknownPermission: 1000000,
    };

    writeFileSync(dir + '/fixtures.json', JSON.stringify(all, null, 1) + '\n');

    return {
        fixtures: dir + '/fixtures.json',
        permissions: Object.keys(permissions).length,
    };
}
