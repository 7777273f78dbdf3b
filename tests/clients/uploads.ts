// A client of the generated types: what an integrator writes first.
import createClient from 'openapi-fetch';
import type {paths} from './generated/api.js';

export async function uploads(gateway: string, key: string, badge: Record<string, unknown>, picture: Blob): Promise<number[]> {
  const client = createClient<paths>({baseUrl: gateway, headers: {authorization: `Bearer ${key}`}});
  const asJson = await client.POST('/v1/submissions', {body: badge, headers: {'content-type': 'application/json'}});
  const form = new FormData();
  form.set('file', picture, 'badge.png');
  form.set('candidate_ref', 'typescript');
  const asForm = await client.POST('/v1/submissions', {
    body: {file: []},
    bodySerializer: () => form,
  });
  // `?view=summary` would answer without files.
  const submission = asForm.data && 'files' in asForm.data ? asForm.data : undefined;
  const accepted = submission?.files.flatMap(file => file.credentials).every(credential => credential.outcome !== 'rejected');
  if (!accepted) throw new Error(JSON.stringify(asForm.error ?? asForm.data));
  return [asJson.response.status, asForm.response.status];
}
