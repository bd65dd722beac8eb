// An authorization server, and an API that asks it: node-oidc-provider on loopback. Its settings are JSON on standard
// input; it prints its address as one line of JSON, and ends with its input.
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as crypto from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Provider, errors } from 'oidc-provider';

const input = await new Promise((resolve) => {
  let text = '';
  process.stdin.on('data', (piece) => {
    text += piece;
    if (text.endsWith('\n')) resolve(text);
  });
});
process.stdin.on('end', () => process.exit(0));
const settings = JSON.parse(input);
const tls = settings.tls;
const server = tls
  ? https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false })
  : http.createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${server.address().port}`;

const certificate = (ctx) => {
  const shown = ctx.req.socket.getPeerX509Certificate?.();
  return shown;
};
const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'];
const provider = new Provider(issuer, {
  clients: settings.clients,
  clientAuthMethods: tls ? [...methods, 'tls_client_auth', 'self_signed_tls_client_auth'] : methods,
  cookies: { keys: ['test'] },
  jwks: { keys: [{ ...crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  scopes: ['openid', 'offline_access', 'read'],
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: () => settings.lives ?? 3600, ClientCredentials: () => settings.lives ?? 3600 },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    mTLS: {
      enabled: Boolean(tls),
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: certificate,
      certificateAuthorized: (ctx) => ctx.req.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => certificate(ctx).subject.split('\n').includes(expected),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => {
        if (!resource.startsWith('https://api.')) throw new errors.InvalidTarget();
        return { scope: 'read', audience: resource, accessTokenFormat: 'opaque', accessTokenTTL: settings.lives ?? 3600 };
      },
    },
  },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('grant.error', (ctx, error) => console.error(String(error), error.error_detail ?? ''));

// Who acts with a token, for its person (RFC 8693, section 4.1).
const actors = new Map();
const issue = async (ctx, accountId) => {
  const { client } = ctx.oidc;
  const token = new provider.AccessToken({
    accountId, client, gty: ctx.oidc.params.grant_type, scope: ctx.oidc.params.scope,
    grantId: await granted(client.clientId, accountId),
  });
  ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration };
};
const granted = async (clientId, accountId, scope = 'openid offline_access read', resources = []) => {
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(scope);
  resources.forEach((resource) => grant.addResourceScope(resource, 'read'));
  return grant.save();
};

// Grants that the library has not: jose, which checks what it signs, judges the assertion.
provider.registerGrantType('urn:ietf:params:oauth:grant-type:jwt-bearer', async (ctx) => {
  const { assertion } = ctx.oidc.params;
  const keys = createLocalJWKSet(settings.assertionKeys);
  let claims;
  try {
    claims = (await jwtVerify(assertion, keys, { audience: issuer, requiredClaims: ['exp', 'iat', 'iss', 'jti'], maxTokenAge: '10 minutes' })).payload;
  } catch (error) {
    throw new errors.InvalidGrant(error.message);
  }
  await issue(ctx, claims.sub);
}, ['assertion', 'scope']);
provider.registerGrantType('urn:ietf:params:oauth:grant-type:token-exchange', async (ctx) => {
  const params = ctx.oidc.params;
  if (params.subject_token_type !== 'urn:ietf:params:oauth:token-type:access_token') throw new errors.InvalidRequest('subject_token_type');
  const subject = await provider.AccessToken.find(params.subject_token);
  if (!subject) throw new errors.InvalidGrant('subject_token');
  // RFC 8693, section 2.1: the type is there exactly where the token is.
  if (Boolean(params.actor_token) !== Boolean(params.actor_token_type)) throw new errors.InvalidRequest('actor_token_type');
  let actor;
  if (params.actor_token) {
    if (params.actor_token_type !== 'urn:ietf:params:oauth:token-type:access_token') throw new errors.InvalidRequest('actor_token_type');
    actor = await provider.AccessToken.find(params.actor_token) ?? await provider.ClientCredentials.find(params.actor_token);
    if (!actor) throw new errors.InvalidGrant('actor_token');
  }
  await issue(ctx, subject.accountId);
  if (actor) actors.set(ctx.body.access_token, actor.clientId);
  ctx.body.issued_token_type = params.requested_token_type ?? params.subject_token_type;
}, ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'scope']);

const json = (response, status, value) => {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
};
const listed = (value) => [value ?? []].flat();

// Where a person would decide.
const decide = async (request, response) => {
  const { params, session } = await provider.interactionDetails(request, response);
  const accountId = session?.accountId ?? 'ann';
  if (settings.refuses) {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'no' });
    return;
  }
  const grantId = await granted(params.client_id, accountId, params.scope, listed(params.resource));
  await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
};
const device = async (userCode, isRefused, response) => {
  const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
  if (isRefused) Object.assign(code, { error: 'access_denied' });
  else {
    const resources = listed(code.params.resource);
    Object.assign(code, {
      accountId: 'ann', authTime: Math.floor(Date.now() / 1000), scope: code.params.scope,
      grantId: await granted(code.clientId, 'ann', code.params.scope, resources),
      ...(resources.length === 1 && { resource: resources[0] }),
    });
  }
  await code.save();
  json(response, 200, {});
};
const api = async (request, response) => {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const known = token && (await provider.AccessToken.find(token) ?? await provider.ClientCredentials.find(token));
  if (!known) return json(response, 401, {});
  const shown = request.socket.getPeerX509Certificate?.();
  const thumbprint = shown && crypto.hash('sha256', shown.raw, 'base64url');
  if (known['x5t#S256'] && known['x5t#S256'] !== thumbprint) return json(response, 401, { error: 'not the certificate' });
  return json(response, 200, { client: known.clientId, account: known.accountId, scope: known.scope, aud: known.aud, bound: Boolean(known['x5t#S256']), actor: actors.get(token) });
};

const handle = provider.callback();
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith('/interaction/')) await decide(request, response);
    else if (url.pathname === '/person') await device(url.searchParams.get('code'), url.searchParams.has('refuse'), response);
    else if (url.pathname === '/api') await api(request, response);
    else handle(request, response);
  } catch (error) {
    console.error(error);
    json(response, 500, { error: String(error) });
  }
});
console.log(JSON.stringify({ issuer }));
