// SPDX-License-Identifier: Apache-2.0
// A bpfman.v1 client on grpc-js.  usage: node bpfman_client.js SOCKET PROTODIR OBJECT INTERFACE
// Prints TAP.  Modules come from NODE_PATH.
'use strict';
const grpc = require('@grpc/grpc-js');
const { open, calls, check, run } = require('./checks');

const [sock, protoDir, obj, iface] = process.argv.slice(2);
const credentials = grpc.credentials.createInsecure();
const target = 'unix:' + sock;
const bpfman = new (open(protoDir, 'bpfman_v1.proto').bpfman.v1.Bpfman)(target, credentials);
const reflection = new (open(protoDir, 'reflection_v1.proto').grpc.reflection.v1.ServerReflection)(target, credentials);
const { call, failure } = calls(bpfman);

function services() {
  return new Promise((resolve, reject) => {
    const stream = reflection.ServerReflectionInfo();
    stream.on('data', (m) => { stream.end(); resolve(m.list_services_response.service.map((s) => s.name)); });
    stream.on('error', reject);
    stream.write({ list_services: '*' });
  });
}

async function main() {
  const loaded = await call('Load', {
    bytecode: { file: obj },
    info: [{ name: 'count_exec', program_type: 'TRACEPOINT' }, { name: 'count_xdp', program_type: 'XDP' }],
    metadata: { owner: 'node' },
  });
  const ids = loaded.programs.map((p) => p.kernel_info.id);
  check('loads two programs', ids.length === 2 && ids.every((i) => i > 0), loaded);
  const a = await call('Attach', { id: ids[0], attach: { tracepoint_attach_info: { tracepoint: 'sched/sched_process_exec' } } });
  const b = await call('Attach', { id: ids[1], attach: { xdp_attach_info: { priority: 50, iface } } });
  check('attaches both', a.link_id > 0 && b.link_id > 0 && a.link_id !== b.link_id, [a, b]);
  const got = await call('Get', { id: ids[1] });
  check('Get tells the link', got.info.links.length === 1 && got.info.links[0] === b.link_id, got);
  const list = await call('List', { bpfman_programs_only: true, match_metadata: { owner: 'node' } });
  check('List finds them by metadata', list.results.length === 2, list);
  const err = await failure('Attach', { id: ids[1], attach: { xdp_attach_info: { priority: 50, iface: 'nosuch0' } } });
  check('an unknown interface is NOT_FOUND', err && err.code === grpc.status.NOT_FOUND, err);
  await call('Detach', { link_id: a.link_id });
  await call('Detach', { link_id: b.link_id });
  await call('Unload', { id: ids[0] });
  await call('Unload', { id: ids[1] });
  const after = await call('List', { bpfman_programs_only: true });
  check('nothing is left', after.results.length === 0, after);
  const names = await services();
  check('reflection lists the services', names.includes('bpfman.v1.Bpfman') && names.includes('bpfd.v1.System'), names);
  // Many calls at once on one connection.
  const codes = await Promise.all(Array.from({ length: 300 }, () => failure('Get', { id: 4000000000 })));
  check('300 parallel calls are answered', codes.every((e) => e && e.code === grpc.status.NOT_FOUND), codes[0]);
}

run(main);
