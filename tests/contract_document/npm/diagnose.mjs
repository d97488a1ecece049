// Prints what the official parser has to say about a document, as JSON.
import { Parser, fromFile } from '@asyncapi/parser';

const { diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const told = diagnostics.map(({ severity, code, path, message }) => (
  { severity, code, path: path.join('/'), message }
));
console.log(JSON.stringify(told));
