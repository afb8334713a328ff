/* eslint-disable */
// Generated from config/app.schema.json by npm run types.
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
"use strict";
export const validate = validate0;
export default validate0;
const schema0 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"app.schema.json","title":"BalancerConfig","description":"Configuration of the load balancer: listeners, routes, pools of backends, limits and timeouts.","type":"object","additionalProperties":false,"properties":{"$schema":{"type":"string","description":"Path of this schema, for completion in editors.","default":"./app.schema.json"},"listeners":{"type":"array","description":"Ports that accept clients. Default: http on the first of `ports` in config/system.json.","minItems":1,"default":[{"port":8080}],"items":{"type":"object","additionalProperties":false,"required":["port"],"properties":{"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Port in the machine."},"protocol":{"type":"string","enum":["http","https","h2c","redirect","tcp"],"description":"`http`: HTTP/1.1. `https`: HTTP/2 and HTTP/1.1 over TLS. `h2c`: HTTP/2 without TLS, for gRPC clients. `redirect`: redirects http clients to https. `tcp`: forwards bytes unchanged.","default":"http"},"pool":{"type":"string","description":"`tcp` only: the pool that receives the connections."},"redirectPort":{"type":"integer","minimum":1,"maximum":65535,"description":"`redirect` only: the https port that clients use.","default":443},"certificates":{"type":"array","description":"`https` only: certificates, selected by the server name (SNI). The first one serves all other names and clients without SNI.","default":[],"items":{"type":"object","additionalProperties":false,"required":["certificate","key"],"properties":{"certificate":{"type":"string","pattern":"^(env:[A-Za-z_][A-Za-z0-9_]*|[^:]+)$","patternErrorMessage":"env:NAME, or a file in the repository","description":"Certificate as PEM, followed by its chain: `env:NAME` for an environment variable of the machine, or a file such as config/tls/site.crt."},"key":{"type":"string","pattern":"^env:[A-Za-z_][A-Za-z0-9_]*$","patternErrorMessage":"env:NAME: keys must not be part of an image","description":"Private key as PEM, from an environment variable of the machine: `env:NAME`."}}}}}}},"routes":{"type":"array","description":"Rules that select a pool; the first match wins. Without any route, the machine serves a page about itself.","default":[],"items":{"type":"object","additionalProperties":false,"required":["pool"],"properties":{"host":{"type":"string","pattern":"^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$","patternErrorMessage":"a host name in lower case such as example.org or *.example.org","description":"Host name that the client requests, such as example.org or *.example.org. Default: every host."},"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with /, without spaces","description":"Path prefix, matched in whole segments: /api matches /api and /api/users, but not /apiary.","default":"/"},"pool":{"type":"string","description":"Pool that receives matching requests."}}}},"pools":{"type":"object","description":"Groups of interchangeable backends, by name.","default":{},"propertyNames":{"pattern":"^[a-z0-9-]{1,32}$","patternErrorMessage":"lower-case letters, digits and hyphens, at most 32"},"additionalProperties":{"type":"object","additionalProperties":false,"properties":{"algorithm":{"type":"string","enum":["round-robin","least-connections","power-of-two","consistent-hash"],"description":"How a backend is selected. Every algorithm respects weights.","default":"round-robin"},"backends":{"type":"array","description":"Servers of the pool.","default":[],"items":{"type":"object","additionalProperties":false,"required":["address"],"properties":{"address":{"type":"string","pattern":"^([A-Za-z0-9._-]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$","patternErrorMessage":"host:port such as 10.0.2.2:3000, app.example.org:80 or [2001:db8::1]:80","description":"Host and port."},"weight":{"type":"integer","minimum":0,"maximum":1000,"description":"Share of the requests, relative to the other backends. 0: only requests with the sticky cookie of this backend.","default":1},"draining":{"type":"boolean","description":"Draining: only clients with its sticky cookie still reach it.","default":false}}}},"protocol":{"type":"string","enum":["http","https","h2c","h2","tcp"],"description":"Protocol of the backends. `http`: HTTP/1.1. `https`: HTTP/1.1 over TLS. `h2c`: HTTP/2 without TLS, such as gRPC. `h2`: HTTP/2 over TLS. `tcp`: bytes. Certificates are always verified.","default":"http"},"serverName":{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$","patternErrorMessage":"a host name such as app.example.org","description":"`https` and `h2` only: the name that the backends' certificates must be valid for. Default: the host of each address."},"sticky":{"type":"string","pattern":"^[A-Za-z0-9_-]+$","patternErrorMessage":"letters, digits, underscores and hyphens","description":"Name of a cookie that binds a client to one backend."},"retries":{"type":"integer","minimum":0,"maximum":10,"description":"How many other backends to try if a request fails and a retry is safe.","default":1},"connections":{"type":"integer","minimum":1,"maximum":100000,"description":"Concurrent requests per backend and process. Over HTTP/1.1 each needs its own connection; HTTP/2 shares connections. Further requests wait in a queue for up to `timeouts.connect`.","default":256},"queue":{"type":"integer","minimum":0,"maximum":100000,"description":"Length of this queue. If it is full, requests go to another backend, or get status 503.","default":256},"health":{"type":"object","description":"Health check of each backend.","additionalProperties":false,"default":{},"properties":{"kind":{"type":"string","enum":["http","grpc","tcp","none"],"description":"`http`: healthy if the response status is below 400. `grpc`: healthy if grpc.health.v1.Health/Check returns SERVING. `tcp`: healthy if the port accepts a connection. `none`: no health checks.","default":"http"},"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with /, without spaces","description":"Path that the `http` check requests.","default":"/"},"interval":{"type":"number","minimum":0.1,"maximum":3600,"description":"Seconds between two checks.","default":5},"timeout":{"type":"number","exclusiveMinimum":0,"maximum":600,"description":"Seconds until a check fails.","default":2},"rise":{"type":"integer","minimum":1,"maximum":100,"description":"Consecutive successful checks until a backend is up.","default":2},"fall":{"type":"integer","minimum":1,"maximum":100,"description":"Consecutive failed checks until a backend is down.","default":3}}},"ejection":{"type":"object","description":"Passive health check: ejects a backend if requests fail, without waiting for the next check.","additionalProperties":false,"default":{},"properties":{"failures":{"type":"integer","minimum":0,"maximum":1000,"description":"Consecutive failures until a backend is ejected: no response, a response that breaks off, or status 502, 503 or 504. 0: never.","default":5},"seconds":{"type":"number","exclusiveMinimum":0,"maximum":86400,"description":"Seconds that an ejected backend receives no requests.","default":30}}}}}},"trustedProxies":{"type":"array","description":"Networks of proxies whose X-Forwarded-* and X-Request-Id headers are trusted. For all other clients these headers are replaced. Forwarded is always replaced.","default":[],"items":{"type":"string","pattern":"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$","patternErrorMessage":"an address or network such as 192.0.2.0/24 or 2001:db8::/32"}},"limits":{"type":"object","description":"Limits for clients and messages.","additionalProperties":false,"default":{},"properties":{"connections":{"type":"integer","minimum":1,"maximum":1000000,"description":"Open client connections per listener and process. Further connections are closed.","default":10000},"connectionsPerClient":{"type":"integer","minimum":0,"maximum":1000000,"description":"Open connections per client address (IPv6: per /64 network), listener and process. Further connections are closed. 0: no limit. `trustedProxies` are exempt.","default":0},"headerBytes":{"type":"integer","minimum":1024,"maximum":1048576,"description":"Request line and headers of a request, in bytes. Longer ones get status 431.","default":16384},"responseHeaderBytes":{"type":"integer","minimum":1024,"maximum":1048576,"description":"Status line and headers of a backend's response, in bytes. For longer ones the client gets status 502.","default":65536},"bodyBytes":{"type":"integer","minimum":0,"maximum":1099511627776,"description":"Body of a request, in bytes. Longer ones get status 413. A streaming gRPC call counts as one body. 0: no limit.","default":104857600},"requestsPerConnection":{"type":"integer","minimum":0,"maximum":1000000000,"description":"Requests per HTTP/1.1 connection before it is closed. 0: no limit.","default":0}}},"timeouts":{"type":"object","description":"Timeouts, in seconds.","additionalProperties":false,"default":{},"properties":{"headers":{"type":"number","exclusiveMinimum":0,"maximum":3600,"description":"Until the client has sent the request headers.","default":10},"request":{"type":"number","exclusiveMinimum":0,"maximum":86400,"description":"Until the client has sent the whole request. Over HTTP/2 it ends when the response begins.","default":300},"keepAlive":{"type":"number","exclusiveMinimum":0,"maximum":3600,"description":"Between two requests on a client connection.","default":60},"connect":{"type":"number","exclusiveMinimum":0,"maximum":3600,"description":"Until a backend accepts a connection, and until a queued request gets one.","default":2},"response":{"type":"number","exclusiveMinimum":0,"maximum":86400,"description":"Until a backend sends the response headers.","default":60},"body":{"type":"number","exclusiveMinimum":0,"maximum":86400,"description":"Between two parts of a response body: for the backend to send the next one, and for the client to read it.","default":60},"idle":{"type":"number","exclusiveMinimum":0,"maximum":86400,"description":"Until an upgraded or tcp connection without traffic is closed.","default":3600}}},"log":{"type":"object","description":"Log, one JSON line per event.","additionalProperties":false,"default":{},"properties":{"requests":{"enum":["failed","all"],"description":"`failed`: requests that no backend responded to, and responses that broke off. `all`: these, and an access log of every request to a pool.","default":"failed"}}},"admin":{"type":"object","description":"Admin page and API.","additionalProperties":false,"default":{},"properties":{"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Port in the machine. Default: no admin server."},"token":{"type":"string","pattern":"^env:[A-Za-z_][A-Za-z0-9_]*$","patternErrorMessage":"env:NAME: tokens must not be part of an image","description":"Bearer token that changes require, from an environment variable of the machine: `env:NAME`. If it is not set, changes are disabled.","default":"env:ADMIN_TOKEN"},"changes":{"type":"string","pattern":"^/","patternErrorMessage":"an absolute path such as /run/changes.json","description":"File that saves changes, including the private keys of certificates, so that they survive a restart of Node. A file in /run lasts until the machine restarts. Default: changes are lost when Node restarts."}}}}};
const func0 = Object.prototype.hasOwnProperty;
const pattern0 = new RegExp("^(env:[A-Za-z_][A-Za-z0-9_]*|[^:]+)$", "u");
const pattern1 = new RegExp("^env:[A-Za-z_][A-Za-z0-9_]*$", "u");
const pattern2 = new RegExp("^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "u");
const pattern3 = new RegExp("^/[!-~]*$", "u");
const pattern4 = new RegExp("^[a-z0-9-]{1,32}$", "u");
const pattern5 = new RegExp("^([A-Za-z0-9._-]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$", "u");
const pattern6 = new RegExp("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", "u");
const pattern7 = new RegExp("^[A-Za-z0-9_-]+$", "u");
const pattern9 = new RegExp("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", "u");
const pattern11 = new RegExp("^/", "u");

function validate0(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="app.schema.json" */;
let vErrors = null;
let errors = 0;
const evaluated0 = validate0.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.$schema === undefined){
data.$schema = "./app.schema.json";
}
if(data.listeners === undefined){
data.listeners = [{"port":8080}];
}
if(data.routes === undefined){
data.routes = [];
}
if(data.pools === undefined){
data.pools = {};
}
if(data.trustedProxies === undefined){
data.trustedProxies = [];
}
if(data.limits === undefined){
data.limits = {};
}
if(data.timeouts === undefined){
data.timeouts = {};
}
if(data.log === undefined){
data.log = {};
}
if(data.admin === undefined){
data.admin = {};
}
for(const key0 in data){
if(!(func0.call(schema0.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(typeof data.$schema !== "string"){
const err1 = {instancePath:instancePath+"/$schema",schemaPath:"#/properties/%24schema/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
let data1 = data.listeners;
if(Array.isArray(data1)){
if(data1.length < 1){
const err2 = {instancePath:instancePath+"/listeners",schemaPath:"#/properties/listeners/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
let data2 = data1[i0];
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if(data2.protocol === undefined){
data2.protocol = "http";
}
if(data2.redirectPort === undefined){
data2.redirectPort = 443;
}
if(data2.certificates === undefined){
data2.certificates = [];
}
if(data2.port === undefined){
const err3 = {instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/required",keyword:"required",params:{missingProperty: "port"},message:"must have required property '"+"port"+"'"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key1 in data2){
if(!(((((key1 === "port") || (key1 === "protocol")) || (key1 === "pool")) || (key1 === "redirectPort")) || (key1 === "certificates"))){
const err4 = {instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data2.port !== undefined){
let data3 = data2.port;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err5 = {instancePath:instancePath+"/listeners/" + i0+"/port",schemaPath:"#/properties/listeners/items/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
const err6 = {instancePath:instancePath+"/listeners/" + i0+"/port",schemaPath:"#/properties/listeners/items/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if(data3 < 1 || isNaN(data3)){
const err7 = {instancePath:instancePath+"/listeners/" + i0+"/port",schemaPath:"#/properties/listeners/items/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
let data4 = data2.protocol;
if(typeof data4 !== "string"){
const err8 = {instancePath:instancePath+"/listeners/" + i0+"/protocol",schemaPath:"#/properties/listeners/items/properties/protocol/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(!(((((data4 === "http") || (data4 === "https")) || (data4 === "h2c")) || (data4 === "redirect")) || (data4 === "tcp"))){
const err9 = {instancePath:instancePath+"/listeners/" + i0+"/protocol",schemaPath:"#/properties/listeners/items/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.listeners.items.properties.protocol.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
if(data2.pool !== undefined){
if(typeof data2.pool !== "string"){
const err10 = {instancePath:instancePath+"/listeners/" + i0+"/pool",schemaPath:"#/properties/listeners/items/properties/pool/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
let data6 = data2.redirectPort;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
const err11 = {instancePath:instancePath+"/listeners/" + i0+"/redirectPort",schemaPath:"#/properties/listeners/items/properties/redirectPort/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 65535 || isNaN(data6)){
const err12 = {instancePath:instancePath+"/listeners/" + i0+"/redirectPort",schemaPath:"#/properties/listeners/items/properties/redirectPort/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(data6 < 1 || isNaN(data6)){
const err13 = {instancePath:instancePath+"/listeners/" + i0+"/redirectPort",schemaPath:"#/properties/listeners/items/properties/redirectPort/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
let data7 = data2.certificates;
if(Array.isArray(data7)){
const len1 = data7.length;
for(let i1=0; i1<len1; i1++){
let data8 = data7[i1];
if(data8 && typeof data8 == "object" && !Array.isArray(data8)){
if(data8.certificate === undefined){
const err14 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/certificates/items/required",keyword:"required",params:{missingProperty: "certificate"},message:"must have required property '"+"certificate"+"'"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
if(data8.key === undefined){
const err15 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/certificates/items/required",keyword:"required",params:{missingProperty: "key"},message:"must have required property '"+"key"+"'"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
for(const key2 in data8){
if(!((key2 === "certificate") || (key2 === "key"))){
const err16 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/certificates/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data8.certificate !== undefined){
let data9 = data8.certificate;
if(typeof data9 === "string"){
if(!pattern0.test(data9)){
const err17 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1+"/certificate",schemaPath:"#/properties/listeners/items/properties/certificates/items/properties/certificate/pattern",keyword:"pattern",params:{pattern: "^(env:[A-Za-z_][A-Za-z0-9_]*|[^:]+)$"},message:"must match pattern \""+"^(env:[A-Za-z_][A-Za-z0-9_]*|[^:]+)$"+"\""};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
else {
const err18 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1+"/certificate",schemaPath:"#/properties/listeners/items/properties/certificates/items/properties/certificate/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data8.key !== undefined){
let data10 = data8.key;
if(typeof data10 === "string"){
if(!pattern1.test(data10)){
const err19 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1+"/key",schemaPath:"#/properties/listeners/items/properties/certificates/items/properties/key/pattern",keyword:"pattern",params:{pattern: "^env:[A-Za-z_][A-Za-z0-9_]*$"},message:"must match pattern \""+"^env:[A-Za-z_][A-Za-z0-9_]*$"+"\""};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
else {
const err20 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1+"/key",schemaPath:"#/properties/listeners/items/properties/certificates/items/properties/key/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
}
else {
const err21 = {instancePath:instancePath+"/listeners/" + i0+"/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/certificates/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
else {
const err22 = {instancePath:instancePath+"/listeners/" + i0+"/certificates",schemaPath:"#/properties/listeners/items/properties/certificates/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
else {
const err23 = {instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
}
else {
const err24 = {instancePath:instancePath+"/listeners",schemaPath:"#/properties/listeners/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
let data11 = data.routes;
if(Array.isArray(data11)){
const len2 = data11.length;
for(let i2=0; i2<len2; i2++){
let data12 = data11[i2];
if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
if(data12.path === undefined){
data12.path = "/";
}
if(data12.pool === undefined){
const err25 = {instancePath:instancePath+"/routes/" + i2,schemaPath:"#/properties/routes/items/required",keyword:"required",params:{missingProperty: "pool"},message:"must have required property '"+"pool"+"'"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
for(const key3 in data12){
if(!(((key3 === "host") || (key3 === "path")) || (key3 === "pool"))){
const err26 = {instancePath:instancePath+"/routes/" + i2,schemaPath:"#/properties/routes/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data12.host !== undefined){
let data13 = data12.host;
if(typeof data13 === "string"){
if(!pattern2.test(data13)){
const err27 = {instancePath:instancePath+"/routes/" + i2+"/host",schemaPath:"#/properties/routes/items/properties/host/pattern",keyword:"pattern",params:{pattern: "^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"},message:"must match pattern \""+"^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"+"\""};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
else {
const err28 = {instancePath:instancePath+"/routes/" + i2+"/host",schemaPath:"#/properties/routes/items/properties/host/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
let data14 = data12.path;
if(typeof data14 === "string"){
if(!pattern3.test(data14)){
const err29 = {instancePath:instancePath+"/routes/" + i2+"/path",schemaPath:"#/properties/routes/items/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
else {
const err30 = {instancePath:instancePath+"/routes/" + i2+"/path",schemaPath:"#/properties/routes/items/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
if(data12.pool !== undefined){
if(typeof data12.pool !== "string"){
const err31 = {instancePath:instancePath+"/routes/" + i2+"/pool",schemaPath:"#/properties/routes/items/properties/pool/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
}
else {
const err32 = {instancePath:instancePath+"/routes/" + i2,schemaPath:"#/properties/routes/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
}
}
else {
const err33 = {instancePath:instancePath+"/routes",schemaPath:"#/properties/routes/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
let data16 = data.pools;
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
for(const key4 in data16){
const _errs39 = errors;
if(typeof key4 === "string"){
if(!pattern4.test(key4)){
const err34 = {instancePath:instancePath+"/pools",schemaPath:"#/properties/pools/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]{1,32}$"},message:"must match pattern \""+"^[a-z0-9-]{1,32}$"+"\"",propertyName:key4};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
}
var valid10 = _errs39 === errors;
if(!valid10){
const err35 = {instancePath:instancePath+"/pools",schemaPath:"#/properties/pools/propertyNames",keyword:"propertyNames",params:{propertyName: key4},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
for(const key5 in data16){
let data17 = data16[key5];
if(data17 && typeof data17 == "object" && !Array.isArray(data17)){
if(data17.algorithm === undefined){
data17.algorithm = "round-robin";
}
if(data17.backends === undefined){
data17.backends = [];
}
if(data17.protocol === undefined){
data17.protocol = "http";
}
if(data17.retries === undefined){
data17.retries = 1;
}
if(data17.connections === undefined){
data17.connections = 256;
}
if(data17.queue === undefined){
data17.queue = 256;
}
if(data17.health === undefined){
data17.health = {};
}
if(data17.ejection === undefined){
data17.ejection = {};
}
for(const key6 in data17){
if(!(func0.call(schema0.properties.pools.additionalProperties.properties, key6))){
const err36 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/pools/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
}
let data18 = data17.algorithm;
if(typeof data18 !== "string"){
const err37 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/algorithm",schemaPath:"#/properties/pools/additionalProperties/properties/algorithm/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
if(!((((data18 === "round-robin") || (data18 === "least-connections")) || (data18 === "power-of-two")) || (data18 === "consistent-hash"))){
const err38 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/algorithm",schemaPath:"#/properties/pools/additionalProperties/properties/algorithm/enum",keyword:"enum",params:{allowedValues: schema0.properties.pools.additionalProperties.properties.algorithm.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
let data19 = data17.backends;
if(Array.isArray(data19)){
const len3 = data19.length;
for(let i3=0; i3<len3; i3++){
let data20 = data19[i3];
if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
if(data20.weight === undefined){
data20.weight = 1;
}
if(data20.draining === undefined){
data20.draining = false;
}
if(data20.address === undefined){
const err39 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3,schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/required",keyword:"required",params:{missingProperty: "address"},message:"must have required property '"+"address"+"'"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
for(const key7 in data20){
if(!(((key7 === "address") || (key7 === "weight")) || (key7 === "draining"))){
const err40 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3,schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
}
if(data20.address !== undefined){
let data21 = data20.address;
if(typeof data21 === "string"){
if(!pattern5.test(data21)){
const err41 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/address",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/address/pattern",keyword:"pattern",params:{pattern: "^([A-Za-z0-9._-]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$"},message:"must match pattern \""+"^([A-Za-z0-9._-]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$"+"\""};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
}
else {
const err42 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/address",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
}
let data22 = data20.weight;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
const err43 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/weight",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/weight/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 1000 || isNaN(data22)){
const err44 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/weight",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/weight/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000"};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
if(data22 < 0 || isNaN(data22)){
const err45 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/weight",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/weight/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
}
}
if(typeof data20.draining !== "boolean"){
const err46 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3+"/draining",schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/properties/draining/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
}
else {
const err47 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends/" + i3,schemaPath:"#/properties/pools/additionalProperties/properties/backends/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err47];
}
else {
vErrors.push(err47);
}
errors++;
}
}
}
else {
const err48 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/backends",schemaPath:"#/properties/pools/additionalProperties/properties/backends/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
let data24 = data17.protocol;
if(typeof data24 !== "string"){
const err49 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/protocol",schemaPath:"#/properties/pools/additionalProperties/properties/protocol/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
if(!(((((data24 === "http") || (data24 === "https")) || (data24 === "h2c")) || (data24 === "h2")) || (data24 === "tcp"))){
const err50 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/protocol",schemaPath:"#/properties/pools/additionalProperties/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.pools.additionalProperties.properties.protocol.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
if(data17.serverName !== undefined){
let data25 = data17.serverName;
if(typeof data25 === "string"){
if(!pattern6.test(data25)){
const err51 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/serverName",schemaPath:"#/properties/pools/additionalProperties/properties/serverName/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"},message:"must match pattern \""+"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"+"\""};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
}
else {
const err52 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/serverName",schemaPath:"#/properties/pools/additionalProperties/properties/serverName/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
}
if(data17.sticky !== undefined){
let data26 = data17.sticky;
if(typeof data26 === "string"){
if(!pattern7.test(data26)){
const err53 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/sticky",schemaPath:"#/properties/pools/additionalProperties/properties/sticky/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9_-]+$"},message:"must match pattern \""+"^[A-Za-z0-9_-]+$"+"\""};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
}
else {
const err54 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/sticky",schemaPath:"#/properties/pools/additionalProperties/properties/sticky/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
}
}
let data27 = data17.retries;
if(!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27)))){
const err55 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retries",schemaPath:"#/properties/pools/additionalProperties/properties/retries/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
if((typeof data27 == "number") && (isFinite(data27))){
if(data27 > 10 || isNaN(data27)){
const err56 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retries",schemaPath:"#/properties/pools/additionalProperties/properties/retries/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10},message:"must be <= 10"};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
if(data27 < 0 || isNaN(data27)){
const err57 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retries",schemaPath:"#/properties/pools/additionalProperties/properties/retries/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
}
let data28 = data17.connections;
if(!(((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28))) && (isFinite(data28)))){
const err58 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/connections",schemaPath:"#/properties/pools/additionalProperties/properties/connections/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 100000 || isNaN(data28)){
const err59 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/connections",schemaPath:"#/properties/pools/additionalProperties/properties/connections/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000},message:"must be <= 100000"};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
if(data28 < 1 || isNaN(data28)){
const err60 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/connections",schemaPath:"#/properties/pools/additionalProperties/properties/connections/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
}
let data29 = data17.queue;
if(!(((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29))) && (isFinite(data29)))){
const err61 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/queue",schemaPath:"#/properties/pools/additionalProperties/properties/queue/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
if((typeof data29 == "number") && (isFinite(data29))){
if(data29 > 100000 || isNaN(data29)){
const err62 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/queue",schemaPath:"#/properties/pools/additionalProperties/properties/queue/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000},message:"must be <= 100000"};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
if(data29 < 0 || isNaN(data29)){
const err63 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/queue",schemaPath:"#/properties/pools/additionalProperties/properties/queue/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
}
}
let data30 = data17.health;
if(data30 && typeof data30 == "object" && !Array.isArray(data30)){
if(data30.kind === undefined){
data30.kind = "http";
}
if(data30.path === undefined){
data30.path = "/";
}
if(data30.interval === undefined){
data30.interval = 5;
}
if(data30.timeout === undefined){
data30.timeout = 2;
}
if(data30.rise === undefined){
data30.rise = 2;
}
if(data30.fall === undefined){
data30.fall = 3;
}
for(const key8 in data30){
if(!((((((key8 === "kind") || (key8 === "path")) || (key8 === "interval")) || (key8 === "timeout")) || (key8 === "rise")) || (key8 === "fall"))){
const err64 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health",schemaPath:"#/properties/pools/additionalProperties/properties/health/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
}
let data31 = data30.kind;
if(typeof data31 !== "string"){
const err65 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/kind",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/kind/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
if(!((((data31 === "http") || (data31 === "grpc")) || (data31 === "tcp")) || (data31 === "none"))){
const err66 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/kind",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/kind/enum",keyword:"enum",params:{allowedValues: schema0.properties.pools.additionalProperties.properties.health.properties.kind.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
let data32 = data30.path;
if(typeof data32 === "string"){
if(!pattern3.test(data32)){
const err67 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/path",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
if(vErrors === null){
vErrors = [err67];
}
else {
vErrors.push(err67);
}
errors++;
}
}
else {
const err68 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/path",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
let data33 = data30.interval;
if((typeof data33 == "number") && (isFinite(data33))){
if(data33 > 3600 || isNaN(data33)){
const err69 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/interval",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/interval/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
if(data33 < 0.1 || isNaN(data33)){
const err70 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/interval",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/interval/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0.1},message:"must be >= 0.1"};
if(vErrors === null){
vErrors = [err70];
}
else {
vErrors.push(err70);
}
errors++;
}
}
else {
const err71 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/interval",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/interval/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
let data34 = data30.timeout;
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 > 600 || isNaN(data34)){
const err72 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/timeout/maximum",keyword:"maximum",params:{comparison: "<=", limit: 600},message:"must be <= 600"};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
}
if(data34 <= 0 || isNaN(data34)){
const err73 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/timeout/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
}
else {
const err74 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/timeout/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
let data35 = data30.rise;
if(!(((typeof data35 == "number") && (!(data35 % 1) && !isNaN(data35))) && (isFinite(data35)))){
const err75 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/rise",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/rise/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
if((typeof data35 == "number") && (isFinite(data35))){
if(data35 > 100 || isNaN(data35)){
const err76 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/rise",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/rise/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100},message:"must be <= 100"};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
if(data35 < 1 || isNaN(data35)){
const err77 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/rise",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/rise/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err77];
}
else {
vErrors.push(err77);
}
errors++;
}
}
let data36 = data30.fall;
if(!(((typeof data36 == "number") && (!(data36 % 1) && !isNaN(data36))) && (isFinite(data36)))){
const err78 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/fall",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/fall/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
}
if((typeof data36 == "number") && (isFinite(data36))){
if(data36 > 100 || isNaN(data36)){
const err79 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/fall",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/fall/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100},message:"must be <= 100"};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
}
if(data36 < 1 || isNaN(data36)){
const err80 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/fall",schemaPath:"#/properties/pools/additionalProperties/properties/health/properties/fall/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
}
}
else {
const err81 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health",schemaPath:"#/properties/pools/additionalProperties/properties/health/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
let data37 = data17.ejection;
if(data37 && typeof data37 == "object" && !Array.isArray(data37)){
if(data37.failures === undefined){
data37.failures = 5;
}
if(data37.seconds === undefined){
data37.seconds = 30;
}
for(const key9 in data37){
if(!((key9 === "failures") || (key9 === "seconds"))){
const err82 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
}
}
let data38 = data37.failures;
if(!(((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38))) && (isFinite(data38)))){
const err83 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/failures",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/failures/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
}
if((typeof data38 == "number") && (isFinite(data38))){
if(data38 > 1000 || isNaN(data38)){
const err84 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/failures",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/failures/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000"};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
}
if(data38 < 0 || isNaN(data38)){
const err85 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/failures",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/failures/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
}
let data39 = data37.seconds;
if((typeof data39 == "number") && (isFinite(data39))){
if(data39 > 86400 || isNaN(data39)){
const err86 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/seconds",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/seconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
}
if(data39 <= 0 || isNaN(data39)){
const err87 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/seconds",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/seconds/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err87];
}
else {
vErrors.push(err87);
}
errors++;
}
}
else {
const err88 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection/seconds",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/properties/seconds/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err88];
}
else {
vErrors.push(err88);
}
errors++;
}
}
else {
const err89 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/ejection",schemaPath:"#/properties/pools/additionalProperties/properties/ejection/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
}
else {
const err90 = {instancePath:instancePath+"/pools/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/pools/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
}
}
}
else {
const err91 = {instancePath:instancePath+"/pools",schemaPath:"#/properties/pools/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
let data40 = data.trustedProxies;
if(Array.isArray(data40)){
const len4 = data40.length;
for(let i4=0; i4<len4; i4++){
let data41 = data40[i4];
if(typeof data41 === "string"){
if(!pattern9.test(data41)){
const err92 = {instancePath:instancePath+"/trustedProxies/" + i4,schemaPath:"#/properties/trustedProxies/items/pattern",keyword:"pattern",params:{pattern: "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"},message:"must match pattern \""+"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"+"\""};
if(vErrors === null){
vErrors = [err92];
}
else {
vErrors.push(err92);
}
errors++;
}
}
else {
const err93 = {instancePath:instancePath+"/trustedProxies/" + i4,schemaPath:"#/properties/trustedProxies/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
}
}
else {
const err94 = {instancePath:instancePath+"/trustedProxies",schemaPath:"#/properties/trustedProxies/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
}
let data42 = data.limits;
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
if(data42.connections === undefined){
data42.connections = 10000;
}
if(data42.connectionsPerClient === undefined){
data42.connectionsPerClient = 0;
}
if(data42.headerBytes === undefined){
data42.headerBytes = 16384;
}
if(data42.responseHeaderBytes === undefined){
data42.responseHeaderBytes = 65536;
}
if(data42.bodyBytes === undefined){
data42.bodyBytes = 104857600;
}
if(data42.requestsPerConnection === undefined){
data42.requestsPerConnection = 0;
}
for(const key10 in data42){
if(!((((((key10 === "connections") || (key10 === "connectionsPerClient")) || (key10 === "headerBytes")) || (key10 === "responseHeaderBytes")) || (key10 === "bodyBytes")) || (key10 === "requestsPerConnection"))){
const err95 = {instancePath:instancePath+"/limits",schemaPath:"#/properties/limits/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err95];
}
else {
vErrors.push(err95);
}
errors++;
}
}
let data43 = data42.connections;
if(!(((typeof data43 == "number") && (!(data43 % 1) && !isNaN(data43))) && (isFinite(data43)))){
const err96 = {instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err96];
}
else {
vErrors.push(err96);
}
errors++;
}
if((typeof data43 == "number") && (isFinite(data43))){
if(data43 > 1000000 || isNaN(data43)){
const err97 = {instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"};
if(vErrors === null){
vErrors = [err97];
}
else {
vErrors.push(err97);
}
errors++;
}
if(data43 < 1 || isNaN(data43)){
const err98 = {instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err98];
}
else {
vErrors.push(err98);
}
errors++;
}
}
let data44 = data42.connectionsPerClient;
if(!(((typeof data44 == "number") && (!(data44 % 1) && !isNaN(data44))) && (isFinite(data44)))){
const err99 = {instancePath:instancePath+"/limits/connectionsPerClient",schemaPath:"#/properties/limits/properties/connectionsPerClient/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err99];
}
else {
vErrors.push(err99);
}
errors++;
}
if((typeof data44 == "number") && (isFinite(data44))){
if(data44 > 1000000 || isNaN(data44)){
const err100 = {instancePath:instancePath+"/limits/connectionsPerClient",schemaPath:"#/properties/limits/properties/connectionsPerClient/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"};
if(vErrors === null){
vErrors = [err100];
}
else {
vErrors.push(err100);
}
errors++;
}
if(data44 < 0 || isNaN(data44)){
const err101 = {instancePath:instancePath+"/limits/connectionsPerClient",schemaPath:"#/properties/limits/properties/connectionsPerClient/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err101];
}
else {
vErrors.push(err101);
}
errors++;
}
}
let data45 = data42.headerBytes;
if(!(((typeof data45 == "number") && (!(data45 % 1) && !isNaN(data45))) && (isFinite(data45)))){
const err102 = {instancePath:instancePath+"/limits/headerBytes",schemaPath:"#/properties/limits/properties/headerBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err102];
}
else {
vErrors.push(err102);
}
errors++;
}
if((typeof data45 == "number") && (isFinite(data45))){
if(data45 > 1048576 || isNaN(data45)){
const err103 = {instancePath:instancePath+"/limits/headerBytes",schemaPath:"#/properties/limits/properties/headerBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"};
if(vErrors === null){
vErrors = [err103];
}
else {
vErrors.push(err103);
}
errors++;
}
if(data45 < 1024 || isNaN(data45)){
const err104 = {instancePath:instancePath+"/limits/headerBytes",schemaPath:"#/properties/limits/properties/headerBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1024},message:"must be >= 1024"};
if(vErrors === null){
vErrors = [err104];
}
else {
vErrors.push(err104);
}
errors++;
}
}
let data46 = data42.responseHeaderBytes;
if(!(((typeof data46 == "number") && (!(data46 % 1) && !isNaN(data46))) && (isFinite(data46)))){
const err105 = {instancePath:instancePath+"/limits/responseHeaderBytes",schemaPath:"#/properties/limits/properties/responseHeaderBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err105];
}
else {
vErrors.push(err105);
}
errors++;
}
if((typeof data46 == "number") && (isFinite(data46))){
if(data46 > 1048576 || isNaN(data46)){
const err106 = {instancePath:instancePath+"/limits/responseHeaderBytes",schemaPath:"#/properties/limits/properties/responseHeaderBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"};
if(vErrors === null){
vErrors = [err106];
}
else {
vErrors.push(err106);
}
errors++;
}
if(data46 < 1024 || isNaN(data46)){
const err107 = {instancePath:instancePath+"/limits/responseHeaderBytes",schemaPath:"#/properties/limits/properties/responseHeaderBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1024},message:"must be >= 1024"};
if(vErrors === null){
vErrors = [err107];
}
else {
vErrors.push(err107);
}
errors++;
}
}
let data47 = data42.bodyBytes;
if(!(((typeof data47 == "number") && (!(data47 % 1) && !isNaN(data47))) && (isFinite(data47)))){
const err108 = {instancePath:instancePath+"/limits/bodyBytes",schemaPath:"#/properties/limits/properties/bodyBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err108];
}
else {
vErrors.push(err108);
}
errors++;
}
if((typeof data47 == "number") && (isFinite(data47))){
if(data47 > 1099511627776 || isNaN(data47)){
const err109 = {instancePath:instancePath+"/limits/bodyBytes",schemaPath:"#/properties/limits/properties/bodyBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"};
if(vErrors === null){
vErrors = [err109];
}
else {
vErrors.push(err109);
}
errors++;
}
if(data47 < 0 || isNaN(data47)){
const err110 = {instancePath:instancePath+"/limits/bodyBytes",schemaPath:"#/properties/limits/properties/bodyBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err110];
}
else {
vErrors.push(err110);
}
errors++;
}
}
let data48 = data42.requestsPerConnection;
if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
const err111 = {instancePath:instancePath+"/limits/requestsPerConnection",schemaPath:"#/properties/limits/properties/requestsPerConnection/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err111];
}
else {
vErrors.push(err111);
}
errors++;
}
if((typeof data48 == "number") && (isFinite(data48))){
if(data48 > 1000000000 || isNaN(data48)){
const err112 = {instancePath:instancePath+"/limits/requestsPerConnection",schemaPath:"#/properties/limits/properties/requestsPerConnection/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"};
if(vErrors === null){
vErrors = [err112];
}
else {
vErrors.push(err112);
}
errors++;
}
if(data48 < 0 || isNaN(data48)){
const err113 = {instancePath:instancePath+"/limits/requestsPerConnection",schemaPath:"#/properties/limits/properties/requestsPerConnection/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err113];
}
else {
vErrors.push(err113);
}
errors++;
}
}
}
else {
const err114 = {instancePath:instancePath+"/limits",schemaPath:"#/properties/limits/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err114];
}
else {
vErrors.push(err114);
}
errors++;
}
let data49 = data.timeouts;
if(data49 && typeof data49 == "object" && !Array.isArray(data49)){
if(data49.headers === undefined){
data49.headers = 10;
}
if(data49.request === undefined){
data49.request = 300;
}
if(data49.keepAlive === undefined){
data49.keepAlive = 60;
}
if(data49.connect === undefined){
data49.connect = 2;
}
if(data49.response === undefined){
data49.response = 60;
}
if(data49.body === undefined){
data49.body = 60;
}
if(data49.idle === undefined){
data49.idle = 3600;
}
for(const key11 in data49){
if(!(((((((key11 === "headers") || (key11 === "request")) || (key11 === "keepAlive")) || (key11 === "connect")) || (key11 === "response")) || (key11 === "body")) || (key11 === "idle"))){
const err115 = {instancePath:instancePath+"/timeouts",schemaPath:"#/properties/timeouts/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err115];
}
else {
vErrors.push(err115);
}
errors++;
}
}
let data50 = data49.headers;
if((typeof data50 == "number") && (isFinite(data50))){
if(data50 > 3600 || isNaN(data50)){
const err116 = {instancePath:instancePath+"/timeouts/headers",schemaPath:"#/properties/timeouts/properties/headers/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err116];
}
else {
vErrors.push(err116);
}
errors++;
}
if(data50 <= 0 || isNaN(data50)){
const err117 = {instancePath:instancePath+"/timeouts/headers",schemaPath:"#/properties/timeouts/properties/headers/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err117];
}
else {
vErrors.push(err117);
}
errors++;
}
}
else {
const err118 = {instancePath:instancePath+"/timeouts/headers",schemaPath:"#/properties/timeouts/properties/headers/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err118];
}
else {
vErrors.push(err118);
}
errors++;
}
let data51 = data49.request;
if((typeof data51 == "number") && (isFinite(data51))){
if(data51 > 86400 || isNaN(data51)){
const err119 = {instancePath:instancePath+"/timeouts/request",schemaPath:"#/properties/timeouts/properties/request/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err119];
}
else {
vErrors.push(err119);
}
errors++;
}
if(data51 <= 0 || isNaN(data51)){
const err120 = {instancePath:instancePath+"/timeouts/request",schemaPath:"#/properties/timeouts/properties/request/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err120];
}
else {
vErrors.push(err120);
}
errors++;
}
}
else {
const err121 = {instancePath:instancePath+"/timeouts/request",schemaPath:"#/properties/timeouts/properties/request/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err121];
}
else {
vErrors.push(err121);
}
errors++;
}
let data52 = data49.keepAlive;
if((typeof data52 == "number") && (isFinite(data52))){
if(data52 > 3600 || isNaN(data52)){
const err122 = {instancePath:instancePath+"/timeouts/keepAlive",schemaPath:"#/properties/timeouts/properties/keepAlive/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err122];
}
else {
vErrors.push(err122);
}
errors++;
}
if(data52 <= 0 || isNaN(data52)){
const err123 = {instancePath:instancePath+"/timeouts/keepAlive",schemaPath:"#/properties/timeouts/properties/keepAlive/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err123];
}
else {
vErrors.push(err123);
}
errors++;
}
}
else {
const err124 = {instancePath:instancePath+"/timeouts/keepAlive",schemaPath:"#/properties/timeouts/properties/keepAlive/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err124];
}
else {
vErrors.push(err124);
}
errors++;
}
let data53 = data49.connect;
if((typeof data53 == "number") && (isFinite(data53))){
if(data53 > 3600 || isNaN(data53)){
const err125 = {instancePath:instancePath+"/timeouts/connect",schemaPath:"#/properties/timeouts/properties/connect/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err125];
}
else {
vErrors.push(err125);
}
errors++;
}
if(data53 <= 0 || isNaN(data53)){
const err126 = {instancePath:instancePath+"/timeouts/connect",schemaPath:"#/properties/timeouts/properties/connect/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err126];
}
else {
vErrors.push(err126);
}
errors++;
}
}
else {
const err127 = {instancePath:instancePath+"/timeouts/connect",schemaPath:"#/properties/timeouts/properties/connect/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err127];
}
else {
vErrors.push(err127);
}
errors++;
}
let data54 = data49.response;
if((typeof data54 == "number") && (isFinite(data54))){
if(data54 > 86400 || isNaN(data54)){
const err128 = {instancePath:instancePath+"/timeouts/response",schemaPath:"#/properties/timeouts/properties/response/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err128];
}
else {
vErrors.push(err128);
}
errors++;
}
if(data54 <= 0 || isNaN(data54)){
const err129 = {instancePath:instancePath+"/timeouts/response",schemaPath:"#/properties/timeouts/properties/response/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err129];
}
else {
vErrors.push(err129);
}
errors++;
}
}
else {
const err130 = {instancePath:instancePath+"/timeouts/response",schemaPath:"#/properties/timeouts/properties/response/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err130];
}
else {
vErrors.push(err130);
}
errors++;
}
let data55 = data49.body;
if((typeof data55 == "number") && (isFinite(data55))){
if(data55 > 86400 || isNaN(data55)){
const err131 = {instancePath:instancePath+"/timeouts/body",schemaPath:"#/properties/timeouts/properties/body/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err131];
}
else {
vErrors.push(err131);
}
errors++;
}
if(data55 <= 0 || isNaN(data55)){
const err132 = {instancePath:instancePath+"/timeouts/body",schemaPath:"#/properties/timeouts/properties/body/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err132];
}
else {
vErrors.push(err132);
}
errors++;
}
}
else {
const err133 = {instancePath:instancePath+"/timeouts/body",schemaPath:"#/properties/timeouts/properties/body/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err133];
}
else {
vErrors.push(err133);
}
errors++;
}
let data56 = data49.idle;
if((typeof data56 == "number") && (isFinite(data56))){
if(data56 > 86400 || isNaN(data56)){
const err134 = {instancePath:instancePath+"/timeouts/idle",schemaPath:"#/properties/timeouts/properties/idle/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err134];
}
else {
vErrors.push(err134);
}
errors++;
}
if(data56 <= 0 || isNaN(data56)){
const err135 = {instancePath:instancePath+"/timeouts/idle",schemaPath:"#/properties/timeouts/properties/idle/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err135];
}
else {
vErrors.push(err135);
}
errors++;
}
}
else {
const err136 = {instancePath:instancePath+"/timeouts/idle",schemaPath:"#/properties/timeouts/properties/idle/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err136];
}
else {
vErrors.push(err136);
}
errors++;
}
}
else {
const err137 = {instancePath:instancePath+"/timeouts",schemaPath:"#/properties/timeouts/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err137];
}
else {
vErrors.push(err137);
}
errors++;
}
let data57 = data.log;
if(data57 && typeof data57 == "object" && !Array.isArray(data57)){
if(data57.requests === undefined){
data57.requests = "failed";
}
for(const key12 in data57){
if(!(key12 === "requests")){
const err138 = {instancePath:instancePath+"/log",schemaPath:"#/properties/log/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err138];
}
else {
vErrors.push(err138);
}
errors++;
}
}
let data58 = data57.requests;
if(!((data58 === "failed") || (data58 === "all"))){
const err139 = {instancePath:instancePath+"/log/requests",schemaPath:"#/properties/log/properties/requests/enum",keyword:"enum",params:{allowedValues: schema0.properties.log.properties.requests.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err139];
}
else {
vErrors.push(err139);
}
errors++;
}
}
else {
const err140 = {instancePath:instancePath+"/log",schemaPath:"#/properties/log/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err140];
}
else {
vErrors.push(err140);
}
errors++;
}
let data59 = data.admin;
if(data59 && typeof data59 == "object" && !Array.isArray(data59)){
if(data59.token === undefined){
data59.token = "env:ADMIN_TOKEN";
}
for(const key13 in data59){
if(!(((key13 === "port") || (key13 === "token")) || (key13 === "changes"))){
const err141 = {instancePath:instancePath+"/admin",schemaPath:"#/properties/admin/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err141];
}
else {
vErrors.push(err141);
}
errors++;
}
}
if(data59.port !== undefined){
let data60 = data59.port;
if(!(((typeof data60 == "number") && (!(data60 % 1) && !isNaN(data60))) && (isFinite(data60)))){
const err142 = {instancePath:instancePath+"/admin/port",schemaPath:"#/properties/admin/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err142];
}
else {
vErrors.push(err142);
}
errors++;
}
if((typeof data60 == "number") && (isFinite(data60))){
if(data60 > 65535 || isNaN(data60)){
const err143 = {instancePath:instancePath+"/admin/port",schemaPath:"#/properties/admin/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err143];
}
else {
vErrors.push(err143);
}
errors++;
}
if(data60 < 1 || isNaN(data60)){
const err144 = {instancePath:instancePath+"/admin/port",schemaPath:"#/properties/admin/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err144];
}
else {
vErrors.push(err144);
}
errors++;
}
}
}
let data61 = data59.token;
if(typeof data61 === "string"){
if(!pattern1.test(data61)){
const err145 = {instancePath:instancePath+"/admin/token",schemaPath:"#/properties/admin/properties/token/pattern",keyword:"pattern",params:{pattern: "^env:[A-Za-z_][A-Za-z0-9_]*$"},message:"must match pattern \""+"^env:[A-Za-z_][A-Za-z0-9_]*$"+"\""};
if(vErrors === null){
vErrors = [err145];
}
else {
vErrors.push(err145);
}
errors++;
}
}
else {
const err146 = {instancePath:instancePath+"/admin/token",schemaPath:"#/properties/admin/properties/token/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err146];
}
else {
vErrors.push(err146);
}
errors++;
}
if(data59.changes !== undefined){
let data62 = data59.changes;
if(typeof data62 === "string"){
if(!pattern11.test(data62)){
const err147 = {instancePath:instancePath+"/admin/changes",schemaPath:"#/properties/admin/properties/changes/pattern",keyword:"pattern",params:{pattern: "^/"},message:"must match pattern \""+"^/"+"\""};
if(vErrors === null){
vErrors = [err147];
}
else {
vErrors.push(err147);
}
errors++;
}
}
else {
const err148 = {instancePath:instancePath+"/admin/changes",schemaPath:"#/properties/admin/properties/changes/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err148];
}
else {
vErrors.push(err148);
}
errors++;
}
}
}
else {
const err149 = {instancePath:instancePath+"/admin",schemaPath:"#/properties/admin/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err149];
}
else {
vErrors.push(err149);
}
errors++;
}
}
else {
const err150 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err150];
}
else {
vErrors.push(err150);
}
errors++;
}
validate0.errors = vErrors;
return errors === 0;
}
validate0.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
