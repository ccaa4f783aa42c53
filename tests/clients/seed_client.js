// SPDX-License-Identifier: Apache-2.0
// A client of genuinetools/bpfd's grpc.API on grpc-js.  usage: node seed_client.js SOCKET PROTODIR
// Prints TAP.  Modules come from NODE_PATH.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const { open, calls, check, run } = require('./checks');

const [sock, protoDir] = process.argv.slice(2);
const api = new (open(protoDir, 'grpc_api.proto').grpc.API)('unix:' + sock, grpc.credentials.createInsecure());
const { call, failure } = calls(api);

// Runs the probe until an event that is wanted comes; null when none does.
function liveTrace(wanted, ms) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seed-'));
  const probe = path.join(folder, 'jsprobe');
  fs.symlinkSync('/bin/true', probe);
  return new Promise((resolve) => {
    const stream = api.LiveTrace({}, { deadline: Date.now() + ms });
    const timer = setInterval(() => spawn(probe, ['an argument']), 100);
    const end = (event) => {
      clearInterval(timer);
      stream.cancel();
      setTimeout(() => { fs.rmSync(folder, { recursive: true }); resolve(event); }, 300);
    };
    stream.on('data', (e) => { if (wanted(e)) end(e); });
    stream.on('error', (err) => { if (err.code !== grpc.status.CANCELLED) end(null); });
  });
}

async function main() {
  const rule = { name: 'js-probe', tracer: 'exec', filterEvents: { argv: { values: ['jsprobe'] } }, actions: [] };
  let err = await failure('CreateRule', {});
  check('a rule cannot be nil', err && err.details === 'rule cannot be nil', err);
  err = await failure('CreateRule', { rule: { ...rule, actions: ['nosuch'] } });
  check('an unknown action is refused', err && err.details.startsWith('[js-probe]: nosuch is not a valid action'), err);
  await call('CreateRule', { rule });
  const list = await call('ListRules', {});
  check('the rule is listed', list.rules.some((r) => r.name === 'js-probe' && r.tracer === 'exec'), list);
  const event = await liveTrace((e) => (e.data.argv || '').includes('jsprobe'), 15000);
  check('LiveTrace brings the execution', event !== null, event);
  check('with its process and its parent', event && event.PID > 0 && event.TGID === process.pid, event);
  await call('RemoveRule', { name: 'js-probe', tracer: 'exec' });
  err = await failure('RemoveRule', { name: 'js-probe', tracer: 'exec' });
  check('an unknown rule cannot be removed', err && err.details.includes('no rule'), err);
}

run(main);
