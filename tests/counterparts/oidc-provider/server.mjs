// oidc-provider as an identity provider that signs in whoever `login_hint` names.
// Usage: node server.mjs PORT REDIRECT_URI
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, redirectUri] = [Number(process.argv[2]), process.argv[3]];
const issuer = `http://127.0.0.1:${port}`;

const people = {
  ada: { name: 'Ada Lovelace', given_name: 'Ada', family_name: 'Lovelace', email: 'ada@acme.example', email_verified: true, groups: ['Engineering', 'ACME\\Admins'] },
  bob: { name: 'Bob', email: 'bob@acme.example', email_verified: false, groups: [] },
  cyd: { name: 'Cyd' },
};

const jwk = (type, options, kid, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const client = (alg) => ({
  client_id: `trueup-${alg}`,
  client_secret: `secret-of-${alg}`,
  redirect_uris: [redirectUri],
  id_token_signed_response_alg: alg,
  require_auth_time: true,
});

const provider = new Provider(issuer, {
  clients: [client('RS256'), client('ES256')],
  jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, 'rsa-1', 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ec-1', 'ES256')] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'] },
  conformIdTokenClaims: false, // claims of the scopes go into the ID token, as other providers do
  cookies: { keys: [randomBytes(16).toString('hex')] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile groups');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  try {
    const { params } = await provider.interactionDetails(request, response);
    await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
  } catch (trouble) {
    response.writeHead(400).end(String(trouble));
  }
}).listen(port, '127.0.0.1', () => console.log(`listening at ${issuer}`));
