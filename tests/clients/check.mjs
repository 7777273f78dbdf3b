// Counts expectations; each line says what holds.
let passed = 0;
let failed = 0;
export function expect(name, ok, extra = '') {
  ok ? passed++ : failed++;
  if (!ok) console.log('FAIL', name, String(extra).slice(0, 600));
}
export function equal(name, found, wanted) {
  expect(name, JSON.stringify(found) === JSON.stringify(wanted), `${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}
export async function refuses(name, work) {
  try {
    await work();
    expect(name, false, 'nothing was thrown');
  } catch {
    expect(name, true);
  }
}
export function finish(title) {
  console.log(`${title}: ${passed} of ${passed + failed} expectations hold`);
  process.exitCode = failed ? 1 : 0;
}
