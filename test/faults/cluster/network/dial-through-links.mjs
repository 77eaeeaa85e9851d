/**
 * Loaded into a member before anything else: whatever it dials among `FAULT_LINKS` goes to the local port that is given
 * there, where a link proxy waits. Its database process, which takes over no options of Node, is given this one.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const links = new Map(Object.entries(JSON.parse(process.env['FAULT_LINKS'] ?? '{}')));
const { connect } = Socket.prototype;

Socket.prototype.connect = function (...args) {
  // The options come bare, or within the list that Node has made of them.
  const holder = Array.isArray(args[0]) ? args[0] : args;
  const [options] = holder;
  const port = links.get(`${options?.host}:${options?.port}`);
  if (port !== undefined) holder[0] = { ...options, host: '127.0.0.1', port };
  return connect.apply(this, args);
};

const { fork } = childProcess;
childProcess.fork = (file, args, options) =>
  fork(file, args, { ...options, execArgv: ['--import', import.meta.url] });
syncBuiltinESMExports();
