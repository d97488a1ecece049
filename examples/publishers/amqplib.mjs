// Publish one event with amqplib: id and type in the AMQP properties.
//
// RABBITMQ_URL=amqp://user:password@host:5672/vhost \
//     node amqplib.mjs inventory.car-created.v1 < car.json
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import amqp from 'amqplib';

const EXCHANGE = 'inventory.events';
const SOURCE = '/examples/amqplib';

// The same id whenever the same event is sent again, and only then.
// An outbox table does as well: take the key of the row.
function stableId(type, body) {
  const hash = createHash('sha256').update(`${SOURCE}\n${type}\n`).update(body);
  return hash.digest('hex').slice(0, 32);
}

// Returns the message id once the broker has the event on disk.
async function publish(url, type, body) {
  const messageId = stableId(type, body);
  const connection = await amqp.connect(url);
  connection.on('error', () => {}); // what failed is told by the promise that waits for it
  try {
    const channel = await connection.createConfirmChannel();
    let failure;
    channel.on('error', (error) => { failure = error; });
    channel.on('return', () => { // comes before the confirm
      failure = new Error(`no queue takes ${type}; is it spelt right, has a worker run?`);
    });
    channel.publish(EXCHANGE, type, body, {
      messageId, type, appId: SOURCE, timestamp: Math.floor(Date.now() / 1000),
      contentType: 'application/json', persistent: true, mandatory: true,
    });
    await channel.waitForConfirms().catch((error) => { failure ??= error; });
    if (failure) throw failure;
  } finally {
    await connection.close().catch(() => {});
  }
  return messageId;
}

try {
  console.log(await publish(process.env.RABBITMQ_URL, process.argv[2], readFileSync(0)));
} catch (error) {
  console.error(`not taken, send the event again with the same id: ${error.message}`);
  process.exitCode = 1;
}
