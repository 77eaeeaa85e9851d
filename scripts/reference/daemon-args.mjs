/** `docs/reference/daemon-args.md`: every option of `MicroclusterModule`, from its docstring. */
import { cell, codeCell, interfacesOf, parse, table } from './source.mjs';

const SOURCE = 'libs/microcluster/src/options/daemon-args.ts';

const SECTIONS = [
  ['The daemon', ['DynamicDaemonArgs']],
  ['The application', ['StaticDaemonArgs']],
  ['A server of `servers`', ['ServerArgs', 'ServerSettings']],
  ['`serverConfig` of a server', ['ServerListenConfig']],
  ['`timeouts`', ['DaemonTimeouts']],
];

/** The options by interface. */
export async function daemonOptions(root) {
  return interfacesOf(await parse(root, SOURCE));
}

export async function daemonArgsPage(root) {
  const interfaces = await daemonOptions(root);
  const sections = SECTIONS.map(([title, names]) => {
    const members = names.flatMap((name) => interfaces.get(name).members);
    const rows = members.map(({ name, type, isOptional, doc }) => [
      codeCell(name),
      isOptional ? '' : 'yes',
      codeCell(type),
      cell(doc.replaceAll(/\{@link [\w.]*?(\w+)\}/g, '`$1`')),
    ]);
    return `## ${title}\n\n${table(['Option', 'Required', 'Type', 'Meaning'], rows)}`;
  });
  return `# Options of MicroclusterModule

<!-- Made by npm run docs from ${SOURCE}. -->

What \`MicroclusterModule.forRoot(...)\` takes. With \`forRootAsync\`, those under "The application" are given statically, and those under "The daemon" come from \`useFactory\`, from the method \`createDaemonArgs\` of \`useClass\` or \`useExisting\`, or from both: name, flags and resources of a server are static, its other settings may be either.

All options are checked when the application starts; what is wrong is said in one sentence for each field.

${sections.join('\n\n')}
`;
}
