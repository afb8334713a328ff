/* eslint-disable */
// Generated from config/system.schema.json by npm run types.
import { createRequire } from 'node:module'
import { formats } from './formats.ts'
const require = createRequire(import.meta.url)
"use strict";
export const validate = validate0;
export default validate0;
const schema0 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"system.schema.json","title":"SystemConfig","description":"Describes the machine: its name, the app that it runs, its resources, and where it is deployed.","type":"object","additionalProperties":false,"properties":{"$schema":{"type":"string","description":"Schema of this file; editors use it for completion and checks.","default":"./system.schema.json"},"hostname":{"type":"string","pattern":"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$","patternErrorMessage":"lower-case letters, digits and inner hyphens, at most 63 characters","description":"Host name of the machine. DHCP and per-machine settings can override it.","default":"nodeos"},"machine":{"type":"object","description":"Virtual hardware of the machine.","additionalProperties":false,"default":{},"properties":{"arch":{"type":"string","enum":["x64","arm64"],"description":"CPU architecture of the machine. Only x64 is supported so far; the build rejects arm64.","default":"x64"},"memory":{"type":"integer","minimum":48,"maximum":1048576,"description":"Memory in MiB.","default":256},"cpus":{"type":"integer","minimum":1,"maximum":64,"description":"Number of virtual CPUs.","default":1}}},"app":{"type":"object","description":"The app, and how the build packs it.","additionalProperties":false,"default":{},"properties":{"entry":{"type":"string","pattern":"^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$","patternErrorMessage":"a path inside the repository that ends in .js, .mjs, .cjs, .ts, .mts or .cts","description":"File that Node runs, relative to the repository.","default":"app/index.ts"},"env":{"type":"object","description":"Environment variables stored in the image. Do not put secrets here: anyone who has the image can read them.","propertyNames":{"pattern":"^[A-Za-z_][A-Za-z0-9_]*$","patternErrorMessage":"letters, digits and underscores, not starting with a digit"},"additionalProperties":{"type":"string"},"default":{}},"nodeOptions":{"type":"array","description":"Command-line options of Node, placed before the entry file.","items":{"type":"string","pattern":"^--[a-z]","patternErrorMessage":"an option that starts with --"},"default":[]},"processes":{"description":"Number of Node processes that run the app, or \"auto\" for one per virtual CPU. With two or more, node:cluster shares the ports.","oneOf":[{"type":"integer","minimum":1,"maximum":256},{"type":"string","const":"auto"}],"default":1},"prune":{"type":"boolean","description":"Leave files that never run out of the dependencies: source maps, type declarations, documentation, tests.","default":true},"include":{"type":"array","description":"Further files and folders to pack, relative to the repository.","items":{"type":"string","pattern":"^[^/]","patternErrorMessage":"a path inside the repository, without a leading /"},"default":[]},"writable":{"type":"object","description":"Folders of the app that it may write to, relative to the repository: \"tmp\" keeps them in memory, \"data\" on the data disk. They start with what the image has there.","propertyNames":{"pattern":"^(?!\\.{1,2}(/|$))[^/]+(/(?!\\.{1,2}(/|$))[^/]+)*$","patternErrorMessage":"a folder in the repository, such as app/.next/cache"},"additionalProperties":{"type":"string","enum":["tmp","data"]},"default":{}}}},"ports":{"type":"array","description":"Ports that the app listens on, and the host ports that are forwarded to them.","items":{"type":"object","additionalProperties":false,"required":["guest"],"properties":{"guest":{"type":"integer","minimum":1,"maximum":65535,"description":"Port in the machine. The first tcp port becomes PORT in the app's environment."},"host":{"type":"integer","minimum":1,"maximum":65535,"description":"Host port that is forwarded to the guest port. Defaults to the same number."},"protocol":{"type":"string","enum":["tcp","udp"],"description":"Transport protocol.","default":"tcp"}}},"default":[{"guest":8080}]},"network":{"type":"object","description":"Network interface of the machine.","additionalProperties":false,"default":{},"properties":{"mode":{"type":"string","enum":["dhcp","static","none"],"description":"How the interface gets its IPv4 address.","default":"dhcp"},"interface":{"type":"string","pattern":"^[a-z][a-z0-9]{0,14}$","patternErrorMessage":"a lower-case letter followed by lower-case letters and digits, at most 15 characters","description":"Name of the interface.","default":"eth0"},"address":{"type":"string","format":"cidr","description":"IPv4 address with a prefix length, such as 192.0.2.10/24. Only for mode \"static\"."},"gateway":{"type":"string","format":"ipv4","description":"IPv4 address of the default router. Only for mode \"static\"."},"dns":{"type":"array","description":"Name servers, used before those from DHCP.","items":{"type":"string","anyOf":[{"format":"ipv4"},{"format":"ipv6"}]},"maxItems":3,"default":[]},"search":{"type":"array","description":"Search domains for names without a dot.","items":{"type":"string","format":"hostname"},"default":[]},"ntp":{"type":"array","description":"Time servers (addresses or names), used before those from DHCP.","items":{"type":"string","minLength":1},"default":[]},"mtu":{"type":"integer","minimum":576,"maximum":65535,"description":"Largest packet in bytes. Defaults to the value from DHCP, then to that of the network device."},"ipv6":{"type":"string","enum":["auto","off"],"description":"\"auto\" configures IPv6 addresses from router advertisements (SLAAC); \"off\" disables IPv6.","default":"auto"}}},"kernel":{"type":"object","description":"Source and configuration of the kernel.","additionalProperties":false,"default":{},"properties":{"source":{"type":"string","minLength":1,"description":"Origin of the source: \"distribution\" (signed package from the host's apt mirror), \"tarball\" (pinned tarball from kernel.org), \"auto\" (a source cached by an earlier build, else the first of the two that is available), or the path of a source tree or tarball.","default":"auto"},"platforms":{"type":"array","description":"Hypervisors to include drivers for, from kernel/config/platform-<name>.config. virtio drivers are always included.","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"uniqueItems":true,"default":[]},"fragments":{"type":"array","description":"Further configuration fragments, such as \"debug\" for kernel/config/debug.config.","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"uniqueItems":true,"default":[]},"mitigations":{"type":"boolean","description":"Enable CPU mitigations against speculative execution attacks. Off by default, because all code in the machine trusts each other.","default":false},"cmdline":{"type":"string","pattern":"^[ -~]*$","patternErrorMessage":"printable ASCII","maxLength":1024,"description":"Text appended to the kernel command line.","default":""}}},"image":{"type":"object","description":"Compression and image formats.","additionalProperties":false,"default":{},"properties":{"compression":{"type":"string","enum":["lz4","zstd","xz"],"description":"Compression of the layers: lz4 boots fastest, xz is smallest, zstd is in between.","default":"lz4"},"formats":{"type":"array","description":"Image formats to assemble, one for each file in build/formats: direct, raw, qcow2, vmdk, vhd, vhdx, iso, efi, initrd. \"direct\" keeps the kernel and the layers as separate files. Other formats can add drivers to the kernel, which compiles it again.","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"minItems":1,"uniqueItems":true,"default":["direct"]}}},"data":{"type":"object","description":"A second disk, mounted at /data: ext4, checked at boot, grown to the size of the disk, kept across deploys and rollbacks. Without this key there is no data disk. Adding or removing it compiles the kernel again.","additionalProperties":false,"properties":{"label":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,16}$","patternErrorMessage":"letters, digits, dots, hyphens and underscores, at most 16 characters","description":"Label of the ext4 file system; the machine finds the disk by it.","default":"data"},"size":{"type":"integer","minimum":16,"maximum":16777216,"description":"Size in MiB of the disk that a target creates. A smaller existing disk grows to this size; disks never shrink.","default":1024}}},"health":{"type":"object","description":"Health check of the app.","additionalProperties":false,"default":{},"properties":{"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with / and contains no spaces","description":"HTTP path that responds with 200 while the app is healthy.","default":"/healthz"},"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Guest port of the health check. Defaults to the first tcp port."},"timeout":{"type":"number","exclusiveMinimum":0,"maximum":3600,"description":"Seconds from power-on to the first 200 response. A deploy that takes longer fails.","default":60}}},"metrics":{"type":"object","description":"Prometheus metrics of the machine, its processes and the app.","additionalProperties":false,"default":{},"properties":{"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Guest port that serves the metrics, without authentication. Without this key the machine serves no metrics."},"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with / and contains no spaces","description":"HTTP path of the metrics.","default":"/metrics"}}},"logs":{"type":"object","description":"Forwarding of the console's lines.","additionalProperties":false,"default":{},"properties":{"forward":{"type":"string","pattern":"^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$","patternErrorMessage":"a URL such as syslog+udp://host:514, syslog+tcp://host:601, syslog+tls://host:6514 or https://host/path, or env:NAME","description":"URL of a log collector (syslog+udp, syslog+tcp, syslog+tls, http or https), or env:NAME to read the URL from that environment variable of the machine."},"buffer":{"type":"integer","minimum":4,"maximum":65536,"description":"Memory in KiB for lines that wait for the collector. Lines that do not fit are dropped and counted.","default":256}}},"restart":{"type":"object","description":"What init (PID 1) does when Node exits.","additionalProperties":false,"default":{},"properties":{"exitZero":{"type":"string","enum":["restart","poweroff"],"description":"What to do when Node exits with status 0: restart it, or power the machine off.","default":"restart"},"backoffInitial":{"type":"integer","minimum":0,"maximum":60000,"description":"Milliseconds before the first restart. The delay doubles with each further restart.","default":100},"backoffMax":{"type":"integer","minimum":0,"maximum":600000,"description":"Longest delay between restarts, in milliseconds.","default":5000},"crashLoopCount":{"type":"integer","minimum":2,"maximum":1000,"description":"Number of exits within crashLoopWindow that make init reboot the machine.","default":10},"crashLoopWindow":{"type":"integer","minimum":1,"maximum":86400,"description":"Seconds over which exits are counted.","default":60},"drainTimeout":{"type":"integer","minimum":1,"maximum":3600,"description":"Seconds that the app has to finish requests after the power button is pressed or SIGTERM is received.","default":10}}},"deploy":{"type":"object","description":"Target of npm run deploy.","additionalProperties":false,"default":{},"properties":{"target":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens","description":"Name of a target: a file or folder in deploy/targets.","default":"local"},"options":{"type":"object","description":"Options of the target, checked against the target's own schema.","default":{}}}}}};
const func0 = Object.prototype.hasOwnProperty;
const func2 = require("ajv/dist/runtime/ucs2length").default;
const pattern0 = new RegExp("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "u");
const pattern1 = new RegExp("^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$", "u");
const pattern2 = new RegExp("^[A-Za-z_][A-Za-z0-9_]*$", "u");
const pattern3 = new RegExp("^--[a-z]", "u");
const pattern4 = new RegExp("^[^/]", "u");
const pattern5 = new RegExp("^(?!\\.{1,2}(/|$))[^/]+(/(?!\\.{1,2}(/|$))[^/]+)*$", "u");
const pattern6 = new RegExp("^[a-z][a-z0-9]{0,14}$", "u");
const pattern7 = new RegExp("^[a-z0-9-]+$", "u");
const pattern9 = new RegExp("^[ -~]*$", "u");
const pattern11 = new RegExp("^[A-Za-z0-9._-]{1,16}$", "u");
const pattern12 = new RegExp("^/[!-~]*$", "u");
const pattern14 = new RegExp("^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$", "u");
const formats0 = formats.cidr;
const formats2 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const formats6 = /^((([0-9a-f]{1,4}:){7}([0-9a-f]{1,4}|:))|(([0-9a-f]{1,4}:){6}(:[0-9a-f]{1,4}|((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3})|:))|(([0-9a-f]{1,4}:){5}(((:[0-9a-f]{1,4}){1,2})|:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3})|:))|(([0-9a-f]{1,4}:){4}(((:[0-9a-f]{1,4}){1,3})|((:[0-9a-f]{1,4})?:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}))|:))|(([0-9a-f]{1,4}:){3}(((:[0-9a-f]{1,4}){1,4})|((:[0-9a-f]{1,4}){0,2}:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}))|:))|(([0-9a-f]{1,4}:){2}(((:[0-9a-f]{1,4}){1,5})|((:[0-9a-f]{1,4}){0,3}:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}))|:))|(([0-9a-f]{1,4}:){1}(((:[0-9a-f]{1,4}){1,6})|((:[0-9a-f]{1,4}){0,4}:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}))|:))|(:(((:[0-9a-f]{1,4}){1,7})|((:[0-9a-f]{1,4}){0,5}:((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}))|:)))$/i;
const formats8 = /^(?=.{1,253}\.?$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-0-9a-z]{0,61}[0-9a-z])?)*\.?$/i;

function validate0(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="system.schema.json" */;
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
data.$schema = "./system.schema.json";
}
if(data.hostname === undefined){
data.hostname = "nodeos";
}
if(data.machine === undefined){
data.machine = {};
}
if(data.app === undefined){
data.app = {};
}
if(data.ports === undefined){
data.ports = [{"guest":8080}];
}
if(data.network === undefined){
data.network = {};
}
if(data.kernel === undefined){
data.kernel = {};
}
if(data.image === undefined){
data.image = {};
}
if(data.health === undefined){
data.health = {};
}
if(data.metrics === undefined){
data.metrics = {};
}
if(data.logs === undefined){
data.logs = {};
}
if(data.restart === undefined){
data.restart = {};
}
if(data.deploy === undefined){
data.deploy = {};
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
let data1 = data.hostname;
if(typeof data1 === "string"){
if(!pattern0.test(data1)){
const err2 = {instancePath:instancePath+"/hostname",schemaPath:"#/properties/hostname/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},message:"must match pattern \""+"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"+"\""};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
else {
const err3 = {instancePath:instancePath+"/hostname",schemaPath:"#/properties/hostname/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
let data2 = data.machine;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if(data2.arch === undefined){
data2.arch = "x64";
}
if(data2.memory === undefined){
data2.memory = 256;
}
if(data2.cpus === undefined){
data2.cpus = 1;
}
for(const key1 in data2){
if(!(((key1 === "arch") || (key1 === "memory")) || (key1 === "cpus"))){
const err4 = {instancePath:instancePath+"/machine",schemaPath:"#/properties/machine/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
let data3 = data2.arch;
if(typeof data3 !== "string"){
const err5 = {instancePath:instancePath+"/machine/arch",schemaPath:"#/properties/machine/properties/arch/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(!((data3 === "x64") || (data3 === "arm64"))){
const err6 = {instancePath:instancePath+"/machine/arch",schemaPath:"#/properties/machine/properties/arch/enum",keyword:"enum",params:{allowedValues: schema0.properties.machine.properties.arch.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
let data4 = data2.memory;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
const err7 = {instancePath:instancePath+"/machine/memory",schemaPath:"#/properties/machine/properties/memory/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 > 1048576 || isNaN(data4)){
const err8 = {instancePath:instancePath+"/machine/memory",schemaPath:"#/properties/machine/properties/memory/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(data4 < 48 || isNaN(data4)){
const err9 = {instancePath:instancePath+"/machine/memory",schemaPath:"#/properties/machine/properties/memory/minimum",keyword:"minimum",params:{comparison: ">=", limit: 48},message:"must be >= 48"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
let data5 = data2.cpus;
if(!(((typeof data5 == "number") && (!(data5 % 1) && !isNaN(data5))) && (isFinite(data5)))){
const err10 = {instancePath:instancePath+"/machine/cpus",schemaPath:"#/properties/machine/properties/cpus/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
if((typeof data5 == "number") && (isFinite(data5))){
if(data5 > 64 || isNaN(data5)){
const err11 = {instancePath:instancePath+"/machine/cpus",schemaPath:"#/properties/machine/properties/cpus/maximum",keyword:"maximum",params:{comparison: "<=", limit: 64},message:"must be <= 64"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
if(data5 < 1 || isNaN(data5)){
const err12 = {instancePath:instancePath+"/machine/cpus",schemaPath:"#/properties/machine/properties/cpus/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath:instancePath+"/machine",schemaPath:"#/properties/machine/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
let data6 = data.app;
if(data6 && typeof data6 == "object" && !Array.isArray(data6)){
if(data6.entry === undefined){
data6.entry = "app/index.ts";
}
if(data6.env === undefined){
data6.env = {};
}
if(data6.nodeOptions === undefined){
data6.nodeOptions = [];
}
if(data6.processes === undefined){
data6.processes = 1;
}
if(data6.prune === undefined){
data6.prune = true;
}
if(data6.include === undefined){
data6.include = [];
}
if(data6.writable === undefined){
data6.writable = {};
}
for(const key2 in data6){
if(!(((((((key2 === "entry") || (key2 === "env")) || (key2 === "nodeOptions")) || (key2 === "processes")) || (key2 === "prune")) || (key2 === "include")) || (key2 === "writable"))){
const err14 = {instancePath:instancePath+"/app",schemaPath:"#/properties/app/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
let data7 = data6.entry;
if(typeof data7 === "string"){
if(!pattern1.test(data7)){
const err15 = {instancePath:instancePath+"/app/entry",schemaPath:"#/properties/app/properties/entry/pattern",keyword:"pattern",params:{pattern: "^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$"},message:"must match pattern \""+"^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$"+"\""};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
else {
const err16 = {instancePath:instancePath+"/app/entry",schemaPath:"#/properties/app/properties/entry/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
let data8 = data6.env;
if(data8 && typeof data8 == "object" && !Array.isArray(data8)){
for(const key3 in data8){
const _errs22 = errors;
if(typeof key3 === "string"){
if(!pattern2.test(key3)){
const err17 = {instancePath:instancePath+"/app/env",schemaPath:"#/properties/app/properties/env/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z_][A-Za-z0-9_]*$"},message:"must match pattern \""+"^[A-Za-z_][A-Za-z0-9_]*$"+"\"",propertyName:key3};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
var valid3 = _errs22 === errors;
if(!valid3){
const err18 = {instancePath:instancePath+"/app/env",schemaPath:"#/properties/app/properties/env/propertyNames",keyword:"propertyNames",params:{propertyName: key3},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
for(const key4 in data8){
if(typeof data8[key4] !== "string"){
const err19 = {instancePath:instancePath+"/app/env/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/app/properties/env/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
}
else {
const err20 = {instancePath:instancePath+"/app/env",schemaPath:"#/properties/app/properties/env/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
let data10 = data6.nodeOptions;
if(Array.isArray(data10)){
const len0 = data10.length;
for(let i0=0; i0<len0; i0++){
let data11 = data10[i0];
if(typeof data11 === "string"){
if(!pattern3.test(data11)){
const err21 = {instancePath:instancePath+"/app/nodeOptions/" + i0,schemaPath:"#/properties/app/properties/nodeOptions/items/pattern",keyword:"pattern",params:{pattern: "^--[a-z]"},message:"must match pattern \""+"^--[a-z]"+"\""};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
else {
const err22 = {instancePath:instancePath+"/app/nodeOptions/" + i0,schemaPath:"#/properties/app/properties/nodeOptions/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
}
else {
const err23 = {instancePath:instancePath+"/app/nodeOptions",schemaPath:"#/properties/app/properties/nodeOptions/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
let data12 = data6.processes;
const _errs31 = errors;
let valid7 = false;
let passing0 = null;
const _errs32 = errors;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
const err24 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf/0/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
if((typeof data12 == "number") && (isFinite(data12))){
if(data12 > 256 || isNaN(data12)){
const err25 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf/0/maximum",keyword:"maximum",params:{comparison: "<=", limit: 256},message:"must be <= 256"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
if(data12 < 1 || isNaN(data12)){
const err26 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf/0/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
var _valid0 = _errs32 === errors;
if(_valid0){
valid7 = true;
passing0 = 0;
}
const _errs34 = errors;
if(typeof data12 !== "string"){
const err27 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf/1/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
if("auto" !== data12){
const err28 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf/1/const",keyword:"const",params:{allowedValue: "auto"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
var _valid0 = _errs34 === errors;
if(_valid0 && valid7){
valid7 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid7 = true;
passing0 = 1;
}
}
if(!valid7){
const err29 = {instancePath:instancePath+"/app/processes",schemaPath:"#/properties/app/properties/processes/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
else {
errors = _errs31;
if(vErrors !== null){
if(_errs31){
vErrors.length = _errs31;
}
else {
vErrors = null;
}
}
}
if(typeof data6.prune !== "boolean"){
const err30 = {instancePath:instancePath+"/app/prune",schemaPath:"#/properties/app/properties/prune/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
let data14 = data6.include;
if(Array.isArray(data14)){
const len1 = data14.length;
for(let i1=0; i1<len1; i1++){
let data15 = data14[i1];
if(typeof data15 === "string"){
if(!pattern4.test(data15)){
const err31 = {instancePath:instancePath+"/app/include/" + i1,schemaPath:"#/properties/app/properties/include/items/pattern",keyword:"pattern",params:{pattern: "^[^/]"},message:"must match pattern \""+"^[^/]"+"\""};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
else {
const err32 = {instancePath:instancePath+"/app/include/" + i1,schemaPath:"#/properties/app/properties/include/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
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
const err33 = {instancePath:instancePath+"/app/include",schemaPath:"#/properties/app/properties/include/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
let data16 = data6.writable;
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
for(const key5 in data16){
const _errs44 = errors;
if(typeof key5 === "string"){
if(!pattern5.test(key5)){
const err34 = {instancePath:instancePath+"/app/writable",schemaPath:"#/properties/app/properties/writable/propertyNames/pattern",keyword:"pattern",params:{pattern: "^(?!\\.{1,2}(/|$))[^/]+(/(?!\\.{1,2}(/|$))[^/]+)*$"},message:"must match pattern \""+"^(?!\\.{1,2}(/|$))[^/]+(/(?!\\.{1,2}(/|$))[^/]+)*$"+"\"",propertyName:key5};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
}
var valid10 = _errs44 === errors;
if(!valid10){
const err35 = {instancePath:instancePath+"/app/writable",schemaPath:"#/properties/app/properties/writable/propertyNames",keyword:"propertyNames",params:{propertyName: key5},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
for(const key6 in data16){
let data17 = data16[key6];
if(typeof data17 !== "string"){
const err36 = {instancePath:instancePath+"/app/writable/" + key6.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/app/properties/writable/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
if(!((data17 === "tmp") || (data17 === "data"))){
const err37 = {instancePath:instancePath+"/app/writable/" + key6.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/app/properties/writable/additionalProperties/enum",keyword:"enum",params:{allowedValues: schema0.properties.app.properties.writable.additionalProperties.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
}
}
else {
const err38 = {instancePath:instancePath+"/app/writable",schemaPath:"#/properties/app/properties/writable/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
}
else {
const err39 = {instancePath:instancePath+"/app",schemaPath:"#/properties/app/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
let data18 = data.ports;
if(Array.isArray(data18)){
const len2 = data18.length;
for(let i2=0; i2<len2; i2++){
let data19 = data18[i2];
if(data19 && typeof data19 == "object" && !Array.isArray(data19)){
if(data19.protocol === undefined){
data19.protocol = "tcp";
}
if(data19.guest === undefined){
const err40 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/required",keyword:"required",params:{missingProperty: "guest"},message:"must have required property '"+"guest"+"'"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
for(const key7 in data19){
if(!(((key7 === "guest") || (key7 === "host")) || (key7 === "protocol"))){
const err41 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
}
if(data19.guest !== undefined){
let data20 = data19.guest;
if(!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20)))){
const err42 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 > 65535 || isNaN(data20)){
const err43 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
if(data20 < 1 || isNaN(data20)){
const err44 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
}
}
if(data19.host !== undefined){
let data21 = data19.host;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
const err45 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
}
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 65535 || isNaN(data21)){
const err46 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
if(data21 < 1 || isNaN(data21)){
const err47 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
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
let data22 = data19.protocol;
if(typeof data22 !== "string"){
const err48 = {instancePath:instancePath+"/ports/" + i2+"/protocol",schemaPath:"#/properties/ports/items/properties/protocol/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
if(!((data22 === "tcp") || (data22 === "udp"))){
const err49 = {instancePath:instancePath+"/ports/" + i2+"/protocol",schemaPath:"#/properties/ports/items/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.ports.items.properties.protocol.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
}
else {
const err50 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
}
}
else {
const err51 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
let data23 = data.network;
if(data23 && typeof data23 == "object" && !Array.isArray(data23)){
if(data23.mode === undefined){
data23.mode = "dhcp";
}
if(data23.interface === undefined){
data23.interface = "eth0";
}
if(data23.dns === undefined){
data23.dns = [];
}
if(data23.search === undefined){
data23.search = [];
}
if(data23.ntp === undefined){
data23.ntp = [];
}
if(data23.ipv6 === undefined){
data23.ipv6 = "auto";
}
for(const key8 in data23){
if(!(func0.call(schema0.properties.network.properties, key8))){
const err52 = {instancePath:instancePath+"/network",schemaPath:"#/properties/network/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
}
let data24 = data23.mode;
if(typeof data24 !== "string"){
const err53 = {instancePath:instancePath+"/network/mode",schemaPath:"#/properties/network/properties/mode/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
if(!(((data24 === "dhcp") || (data24 === "static")) || (data24 === "none"))){
const err54 = {instancePath:instancePath+"/network/mode",schemaPath:"#/properties/network/properties/mode/enum",keyword:"enum",params:{allowedValues: schema0.properties.network.properties.mode.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
}
let data25 = data23.interface;
if(typeof data25 === "string"){
if(!pattern6.test(data25)){
const err55 = {instancePath:instancePath+"/network/interface",schemaPath:"#/properties/network/properties/interface/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9]{0,14}$"},message:"must match pattern \""+"^[a-z][a-z0-9]{0,14}$"+"\""};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
}
else {
const err56 = {instancePath:instancePath+"/network/interface",schemaPath:"#/properties/network/properties/interface/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
if(data23.address !== undefined){
let data26 = data23.address;
if(typeof data26 === "string"){
if(!(formats0(data26))){
const err57 = {instancePath:instancePath+"/network/address",schemaPath:"#/properties/network/properties/address/format",keyword:"format",params:{format: "cidr"},message:"must match format \""+"cidr"+"\""};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
}
else {
const err58 = {instancePath:instancePath+"/network/address",schemaPath:"#/properties/network/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
}
if(data23.gateway !== undefined){
let data27 = data23.gateway;
if(typeof data27 === "string"){
if(!(formats2.test(data27))){
const err59 = {instancePath:instancePath+"/network/gateway",schemaPath:"#/properties/network/properties/gateway/format",keyword:"format",params:{format: "ipv4"},message:"must match format \""+"ipv4"+"\""};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
}
else {
const err60 = {instancePath:instancePath+"/network/gateway",schemaPath:"#/properties/network/properties/gateway/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
}
let data28 = data23.dns;
if(Array.isArray(data28)){
if(data28.length > 3){
const err61 = {instancePath:instancePath+"/network/dns",schemaPath:"#/properties/network/properties/dns/maxItems",keyword:"maxItems",params:{limit: 3},message:"must NOT have more than 3 items"};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
const len3 = data28.length;
for(let i3=0; i3<len3; i3++){
let data29 = data28[i3];
if(typeof data29 !== "string"){
const err62 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
const _errs74 = errors;
let valid18 = false;
const _errs75 = errors;
if(typeof data29 === "string"){
if(!(formats2.test(data29))){
const err63 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf/0/format",keyword:"format",params:{format: "ipv4"},message:"must match format \""+"ipv4"+"\""};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
}
}
var _valid1 = _errs75 === errors;
valid18 = valid18 || _valid1;
const _errs76 = errors;
if(typeof data29 === "string"){
if(!(formats6.test(data29))){
const err64 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf/1/format",keyword:"format",params:{format: "ipv6"},message:"must match format \""+"ipv6"+"\""};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
}
var _valid1 = _errs76 === errors;
valid18 = valid18 || _valid1;
if(!valid18){
const err65 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
else {
errors = _errs74;
if(vErrors !== null){
if(_errs74){
vErrors.length = _errs74;
}
else {
vErrors = null;
}
}
}
}
}
else {
const err66 = {instancePath:instancePath+"/network/dns",schemaPath:"#/properties/network/properties/dns/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
let data30 = data23.search;
if(Array.isArray(data30)){
const len4 = data30.length;
for(let i4=0; i4<len4; i4++){
let data31 = data30[i4];
if(typeof data31 === "string"){
if(!(formats8.test(data31))){
const err67 = {instancePath:instancePath+"/network/search/" + i4,schemaPath:"#/properties/network/properties/search/items/format",keyword:"format",params:{format: "hostname"},message:"must match format \""+"hostname"+"\""};
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
const err68 = {instancePath:instancePath+"/network/search/" + i4,schemaPath:"#/properties/network/properties/search/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
}
}
else {
const err69 = {instancePath:instancePath+"/network/search",schemaPath:"#/properties/network/properties/search/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
let data32 = data23.ntp;
if(Array.isArray(data32)){
const len5 = data32.length;
for(let i5=0; i5<len5; i5++){
let data33 = data32[i5];
if(typeof data33 === "string"){
if(func2(data33) < 1){
const err70 = {instancePath:instancePath+"/network/ntp/" + i5,schemaPath:"#/properties/network/properties/ntp/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
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
const err71 = {instancePath:instancePath+"/network/ntp/" + i5,schemaPath:"#/properties/network/properties/ntp/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
}
}
else {
const err72 = {instancePath:instancePath+"/network/ntp",schemaPath:"#/properties/network/properties/ntp/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
}
if(data23.mtu !== undefined){
let data34 = data23.mtu;
if(!(((typeof data34 == "number") && (!(data34 % 1) && !isNaN(data34))) && (isFinite(data34)))){
const err73 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 > 65535 || isNaN(data34)){
const err74 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
if(data34 < 576 || isNaN(data34)){
const err75 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/minimum",keyword:"minimum",params:{comparison: ">=", limit: 576},message:"must be >= 576"};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
}
}
let data35 = data23.ipv6;
if(typeof data35 !== "string"){
const err76 = {instancePath:instancePath+"/network/ipv6",schemaPath:"#/properties/network/properties/ipv6/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
if(!((data35 === "auto") || (data35 === "off"))){
const err77 = {instancePath:instancePath+"/network/ipv6",schemaPath:"#/properties/network/properties/ipv6/enum",keyword:"enum",params:{allowedValues: schema0.properties.network.properties.ipv6.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err77];
}
else {
vErrors.push(err77);
}
errors++;
}
}
else {
const err78 = {instancePath:instancePath+"/network",schemaPath:"#/properties/network/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
}
let data36 = data.kernel;
if(data36 && typeof data36 == "object" && !Array.isArray(data36)){
if(data36.source === undefined){
data36.source = "auto";
}
if(data36.platforms === undefined){
data36.platforms = [];
}
if(data36.fragments === undefined){
data36.fragments = [];
}
if(data36.mitigations === undefined){
data36.mitigations = false;
}
if(data36.cmdline === undefined){
data36.cmdline = "";
}
for(const key9 in data36){
if(!(((((key9 === "source") || (key9 === "platforms")) || (key9 === "fragments")) || (key9 === "mitigations")) || (key9 === "cmdline"))){
const err79 = {instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
}
}
let data37 = data36.source;
if(typeof data37 === "string"){
if(func2(data37) < 1){
const err80 = {instancePath:instancePath+"/kernel/source",schemaPath:"#/properties/kernel/properties/source/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
}
else {
const err81 = {instancePath:instancePath+"/kernel/source",schemaPath:"#/properties/kernel/properties/source/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
let data38 = data36.platforms;
if(Array.isArray(data38)){
const len6 = data38.length;
for(let i6=0; i6<len6; i6++){
let data39 = data38[i6];
if(typeof data39 === "string"){
if(!pattern7.test(data39)){
const err82 = {instancePath:instancePath+"/kernel/platforms/" + i6,schemaPath:"#/properties/kernel/properties/platforms/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
}
}
else {
const err83 = {instancePath:instancePath+"/kernel/platforms/" + i6,schemaPath:"#/properties/kernel/properties/platforms/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
}
}
let i7 = data38.length;
let j0;
if(i7 > 1){
const indices0 = {};
for(;i7--;){
let item0 = data38[i7];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
const err84 = {instancePath:instancePath+"/kernel/platforms",schemaPath:"#/properties/kernel/properties/platforms/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i7+" are identical)"};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
break;
}
indices0[item0] = i7;
}
}
}
else {
const err85 = {instancePath:instancePath+"/kernel/platforms",schemaPath:"#/properties/kernel/properties/platforms/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
let data40 = data36.fragments;
if(Array.isArray(data40)){
const len7 = data40.length;
for(let i8=0; i8<len7; i8++){
let data41 = data40[i8];
if(typeof data41 === "string"){
if(!pattern7.test(data41)){
const err86 = {instancePath:instancePath+"/kernel/fragments/" + i8,schemaPath:"#/properties/kernel/properties/fragments/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
}
}
else {
const err87 = {instancePath:instancePath+"/kernel/fragments/" + i8,schemaPath:"#/properties/kernel/properties/fragments/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err87];
}
else {
vErrors.push(err87);
}
errors++;
}
}
let i9 = data40.length;
let j1;
if(i9 > 1){
const indices1 = {};
for(;i9--;){
let item1 = data40[i9];
if(typeof item1 !== "string"){
continue;
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
const err88 = {instancePath:instancePath+"/kernel/fragments",schemaPath:"#/properties/kernel/properties/fragments/uniqueItems",keyword:"uniqueItems",params:{i: i9, j: j1},message:"must NOT have duplicate items (items ## "+j1+" and "+i9+" are identical)"};
if(vErrors === null){
vErrors = [err88];
}
else {
vErrors.push(err88);
}
errors++;
break;
}
indices1[item1] = i9;
}
}
}
else {
const err89 = {instancePath:instancePath+"/kernel/fragments",schemaPath:"#/properties/kernel/properties/fragments/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
if(typeof data36.mitigations !== "boolean"){
const err90 = {instancePath:instancePath+"/kernel/mitigations",schemaPath:"#/properties/kernel/properties/mitigations/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
}
let data43 = data36.cmdline;
if(typeof data43 === "string"){
if(func2(data43) > 1024){
const err91 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/maxLength",keyword:"maxLength",params:{limit: 1024},message:"must NOT have more than 1024 characters"};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
if(!pattern9.test(data43)){
const err92 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/pattern",keyword:"pattern",params:{pattern: "^[ -~]*$"},message:"must match pattern \""+"^[ -~]*$"+"\""};
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
const err93 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
}
else {
const err94 = {instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
}
let data44 = data.image;
if(data44 && typeof data44 == "object" && !Array.isArray(data44)){
if(data44.compression === undefined){
data44.compression = "lz4";
}
if(data44.formats === undefined){
data44.formats = ["direct"];
}
for(const key10 in data44){
if(!((key10 === "compression") || (key10 === "formats"))){
const err95 = {instancePath:instancePath+"/image",schemaPath:"#/properties/image/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err95];
}
else {
vErrors.push(err95);
}
errors++;
}
}
let data45 = data44.compression;
if(typeof data45 !== "string"){
const err96 = {instancePath:instancePath+"/image/compression",schemaPath:"#/properties/image/properties/compression/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err96];
}
else {
vErrors.push(err96);
}
errors++;
}
if(!(((data45 === "lz4") || (data45 === "zstd")) || (data45 === "xz"))){
const err97 = {instancePath:instancePath+"/image/compression",schemaPath:"#/properties/image/properties/compression/enum",keyword:"enum",params:{allowedValues: schema0.properties.image.properties.compression.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err97];
}
else {
vErrors.push(err97);
}
errors++;
}
let data46 = data44.formats;
if(Array.isArray(data46)){
if(data46.length < 1){
const err98 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err98];
}
else {
vErrors.push(err98);
}
errors++;
}
const len8 = data46.length;
for(let i10=0; i10<len8; i10++){
let data47 = data46[i10];
if(typeof data47 === "string"){
if(!pattern7.test(data47)){
const err99 = {instancePath:instancePath+"/image/formats/" + i10,schemaPath:"#/properties/image/properties/formats/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err99];
}
else {
vErrors.push(err99);
}
errors++;
}
}
else {
const err100 = {instancePath:instancePath+"/image/formats/" + i10,schemaPath:"#/properties/image/properties/formats/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err100];
}
else {
vErrors.push(err100);
}
errors++;
}
}
let i11 = data46.length;
let j2;
if(i11 > 1){
const indices2 = {};
for(;i11--;){
let item2 = data46[i11];
if(typeof item2 !== "string"){
continue;
}
if(typeof indices2[item2] == "number"){
j2 = indices2[item2];
const err101 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/uniqueItems",keyword:"uniqueItems",params:{i: i11, j: j2},message:"must NOT have duplicate items (items ## "+j2+" and "+i11+" are identical)"};
if(vErrors === null){
vErrors = [err101];
}
else {
vErrors.push(err101);
}
errors++;
break;
}
indices2[item2] = i11;
}
}
}
else {
const err102 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err102];
}
else {
vErrors.push(err102);
}
errors++;
}
}
else {
const err103 = {instancePath:instancePath+"/image",schemaPath:"#/properties/image/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err103];
}
else {
vErrors.push(err103);
}
errors++;
}
if(data.data !== undefined){
let data48 = data.data;
if(data48 && typeof data48 == "object" && !Array.isArray(data48)){
if(data48.label === undefined){
data48.label = "data";
}
if(data48.size === undefined){
data48.size = 1024;
}
for(const key11 in data48){
if(!((key11 === "label") || (key11 === "size"))){
const err104 = {instancePath:instancePath+"/data",schemaPath:"#/properties/data/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err104];
}
else {
vErrors.push(err104);
}
errors++;
}
}
let data49 = data48.label;
if(typeof data49 === "string"){
if(!pattern11.test(data49)){
const err105 = {instancePath:instancePath+"/data/label",schemaPath:"#/properties/data/properties/label/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9._-]{1,16}$"},message:"must match pattern \""+"^[A-Za-z0-9._-]{1,16}$"+"\""};
if(vErrors === null){
vErrors = [err105];
}
else {
vErrors.push(err105);
}
errors++;
}
}
else {
const err106 = {instancePath:instancePath+"/data/label",schemaPath:"#/properties/data/properties/label/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err106];
}
else {
vErrors.push(err106);
}
errors++;
}
let data50 = data48.size;
if(!(((typeof data50 == "number") && (!(data50 % 1) && !isNaN(data50))) && (isFinite(data50)))){
const err107 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err107];
}
else {
vErrors.push(err107);
}
errors++;
}
if((typeof data50 == "number") && (isFinite(data50))){
if(data50 > 16777216 || isNaN(data50)){
const err108 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"};
if(vErrors === null){
vErrors = [err108];
}
else {
vErrors.push(err108);
}
errors++;
}
if(data50 < 16 || isNaN(data50)){
const err109 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16},message:"must be >= 16"};
if(vErrors === null){
vErrors = [err109];
}
else {
vErrors.push(err109);
}
errors++;
}
}
}
else {
const err110 = {instancePath:instancePath+"/data",schemaPath:"#/properties/data/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err110];
}
else {
vErrors.push(err110);
}
errors++;
}
}
let data51 = data.health;
if(data51 && typeof data51 == "object" && !Array.isArray(data51)){
if(data51.path === undefined){
data51.path = "/healthz";
}
if(data51.timeout === undefined){
data51.timeout = 60;
}
for(const key12 in data51){
if(!(((key12 === "path") || (key12 === "port")) || (key12 === "timeout"))){
const err111 = {instancePath:instancePath+"/health",schemaPath:"#/properties/health/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err111];
}
else {
vErrors.push(err111);
}
errors++;
}
}
let data52 = data51.path;
if(typeof data52 === "string"){
if(!pattern12.test(data52)){
const err112 = {instancePath:instancePath+"/health/path",schemaPath:"#/properties/health/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
if(vErrors === null){
vErrors = [err112];
}
else {
vErrors.push(err112);
}
errors++;
}
}
else {
const err113 = {instancePath:instancePath+"/health/path",schemaPath:"#/properties/health/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err113];
}
else {
vErrors.push(err113);
}
errors++;
}
if(data51.port !== undefined){
let data53 = data51.port;
if(!(((typeof data53 == "number") && (!(data53 % 1) && !isNaN(data53))) && (isFinite(data53)))){
const err114 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err114];
}
else {
vErrors.push(err114);
}
errors++;
}
if((typeof data53 == "number") && (isFinite(data53))){
if(data53 > 65535 || isNaN(data53)){
const err115 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err115];
}
else {
vErrors.push(err115);
}
errors++;
}
if(data53 < 1 || isNaN(data53)){
const err116 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err116];
}
else {
vErrors.push(err116);
}
errors++;
}
}
}
let data54 = data51.timeout;
if((typeof data54 == "number") && (isFinite(data54))){
if(data54 > 3600 || isNaN(data54)){
const err117 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err117];
}
else {
vErrors.push(err117);
}
errors++;
}
if(data54 <= 0 || isNaN(data54)){
const err118 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err118];
}
else {
vErrors.push(err118);
}
errors++;
}
}
else {
const err119 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err119];
}
else {
vErrors.push(err119);
}
errors++;
}
}
else {
const err120 = {instancePath:instancePath+"/health",schemaPath:"#/properties/health/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err120];
}
else {
vErrors.push(err120);
}
errors++;
}
let data55 = data.metrics;
if(data55 && typeof data55 == "object" && !Array.isArray(data55)){
if(data55.path === undefined){
data55.path = "/metrics";
}
for(const key13 in data55){
if(!((key13 === "port") || (key13 === "path"))){
const err121 = {instancePath:instancePath+"/metrics",schemaPath:"#/properties/metrics/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err121];
}
else {
vErrors.push(err121);
}
errors++;
}
}
if(data55.port !== undefined){
let data56 = data55.port;
if(!(((typeof data56 == "number") && (!(data56 % 1) && !isNaN(data56))) && (isFinite(data56)))){
const err122 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err122];
}
else {
vErrors.push(err122);
}
errors++;
}
if((typeof data56 == "number") && (isFinite(data56))){
if(data56 > 65535 || isNaN(data56)){
const err123 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err123];
}
else {
vErrors.push(err123);
}
errors++;
}
if(data56 < 1 || isNaN(data56)){
const err124 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err124];
}
else {
vErrors.push(err124);
}
errors++;
}
}
}
let data57 = data55.path;
if(typeof data57 === "string"){
if(!pattern12.test(data57)){
const err125 = {instancePath:instancePath+"/metrics/path",schemaPath:"#/properties/metrics/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
if(vErrors === null){
vErrors = [err125];
}
else {
vErrors.push(err125);
}
errors++;
}
}
else {
const err126 = {instancePath:instancePath+"/metrics/path",schemaPath:"#/properties/metrics/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
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
const err127 = {instancePath:instancePath+"/metrics",schemaPath:"#/properties/metrics/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err127];
}
else {
vErrors.push(err127);
}
errors++;
}
let data58 = data.logs;
if(data58 && typeof data58 == "object" && !Array.isArray(data58)){
if(data58.buffer === undefined){
data58.buffer = 256;
}
for(const key14 in data58){
if(!((key14 === "forward") || (key14 === "buffer"))){
const err128 = {instancePath:instancePath+"/logs",schemaPath:"#/properties/logs/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err128];
}
else {
vErrors.push(err128);
}
errors++;
}
}
if(data58.forward !== undefined){
let data59 = data58.forward;
if(typeof data59 === "string"){
if(!pattern14.test(data59)){
const err129 = {instancePath:instancePath+"/logs/forward",schemaPath:"#/properties/logs/properties/forward/pattern",keyword:"pattern",params:{pattern: "^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$"},message:"must match pattern \""+"^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$"+"\""};
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
const err130 = {instancePath:instancePath+"/logs/forward",schemaPath:"#/properties/logs/properties/forward/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err130];
}
else {
vErrors.push(err130);
}
errors++;
}
}
let data60 = data58.buffer;
if(!(((typeof data60 == "number") && (!(data60 % 1) && !isNaN(data60))) && (isFinite(data60)))){
const err131 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err131];
}
else {
vErrors.push(err131);
}
errors++;
}
if((typeof data60 == "number") && (isFinite(data60))){
if(data60 > 65536 || isNaN(data60)){
const err132 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"};
if(vErrors === null){
vErrors = [err132];
}
else {
vErrors.push(err132);
}
errors++;
}
if(data60 < 4 || isNaN(data60)){
const err133 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4},message:"must be >= 4"};
if(vErrors === null){
vErrors = [err133];
}
else {
vErrors.push(err133);
}
errors++;
}
}
}
else {
const err134 = {instancePath:instancePath+"/logs",schemaPath:"#/properties/logs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err134];
}
else {
vErrors.push(err134);
}
errors++;
}
let data61 = data.restart;
if(data61 && typeof data61 == "object" && !Array.isArray(data61)){
if(data61.exitZero === undefined){
data61.exitZero = "restart";
}
if(data61.backoffInitial === undefined){
data61.backoffInitial = 100;
}
if(data61.backoffMax === undefined){
data61.backoffMax = 5000;
}
if(data61.crashLoopCount === undefined){
data61.crashLoopCount = 10;
}
if(data61.crashLoopWindow === undefined){
data61.crashLoopWindow = 60;
}
if(data61.drainTimeout === undefined){
data61.drainTimeout = 10;
}
for(const key15 in data61){
if(!((((((key15 === "exitZero") || (key15 === "backoffInitial")) || (key15 === "backoffMax")) || (key15 === "crashLoopCount")) || (key15 === "crashLoopWindow")) || (key15 === "drainTimeout"))){
const err135 = {instancePath:instancePath+"/restart",schemaPath:"#/properties/restart/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key15},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err135];
}
else {
vErrors.push(err135);
}
errors++;
}
}
let data62 = data61.exitZero;
if(typeof data62 !== "string"){
const err136 = {instancePath:instancePath+"/restart/exitZero",schemaPath:"#/properties/restart/properties/exitZero/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err136];
}
else {
vErrors.push(err136);
}
errors++;
}
if(!((data62 === "restart") || (data62 === "poweroff"))){
const err137 = {instancePath:instancePath+"/restart/exitZero",schemaPath:"#/properties/restart/properties/exitZero/enum",keyword:"enum",params:{allowedValues: schema0.properties.restart.properties.exitZero.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err137];
}
else {
vErrors.push(err137);
}
errors++;
}
let data63 = data61.backoffInitial;
if(!(((typeof data63 == "number") && (!(data63 % 1) && !isNaN(data63))) && (isFinite(data63)))){
const err138 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err138];
}
else {
vErrors.push(err138);
}
errors++;
}
if((typeof data63 == "number") && (isFinite(data63))){
if(data63 > 60000 || isNaN(data63)){
const err139 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/maximum",keyword:"maximum",params:{comparison: "<=", limit: 60000},message:"must be <= 60000"};
if(vErrors === null){
vErrors = [err139];
}
else {
vErrors.push(err139);
}
errors++;
}
if(data63 < 0 || isNaN(data63)){
const err140 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err140];
}
else {
vErrors.push(err140);
}
errors++;
}
}
let data64 = data61.backoffMax;
if(!(((typeof data64 == "number") && (!(data64 % 1) && !isNaN(data64))) && (isFinite(data64)))){
const err141 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err141];
}
else {
vErrors.push(err141);
}
errors++;
}
if((typeof data64 == "number") && (isFinite(data64))){
if(data64 > 600000 || isNaN(data64)){
const err142 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/maximum",keyword:"maximum",params:{comparison: "<=", limit: 600000},message:"must be <= 600000"};
if(vErrors === null){
vErrors = [err142];
}
else {
vErrors.push(err142);
}
errors++;
}
if(data64 < 0 || isNaN(data64)){
const err143 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err143];
}
else {
vErrors.push(err143);
}
errors++;
}
}
let data65 = data61.crashLoopCount;
if(!(((typeof data65 == "number") && (!(data65 % 1) && !isNaN(data65))) && (isFinite(data65)))){
const err144 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err144];
}
else {
vErrors.push(err144);
}
errors++;
}
if((typeof data65 == "number") && (isFinite(data65))){
if(data65 > 1000 || isNaN(data65)){
const err145 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000"};
if(vErrors === null){
vErrors = [err145];
}
else {
vErrors.push(err145);
}
errors++;
}
if(data65 < 2 || isNaN(data65)){
const err146 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/minimum",keyword:"minimum",params:{comparison: ">=", limit: 2},message:"must be >= 2"};
if(vErrors === null){
vErrors = [err146];
}
else {
vErrors.push(err146);
}
errors++;
}
}
let data66 = data61.crashLoopWindow;
if(!(((typeof data66 == "number") && (!(data66 % 1) && !isNaN(data66))) && (isFinite(data66)))){
const err147 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err147];
}
else {
vErrors.push(err147);
}
errors++;
}
if((typeof data66 == "number") && (isFinite(data66))){
if(data66 > 86400 || isNaN(data66)){
const err148 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err148];
}
else {
vErrors.push(err148);
}
errors++;
}
if(data66 < 1 || isNaN(data66)){
const err149 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err149];
}
else {
vErrors.push(err149);
}
errors++;
}
}
let data67 = data61.drainTimeout;
if(!(((typeof data67 == "number") && (!(data67 % 1) && !isNaN(data67))) && (isFinite(data67)))){
const err150 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err150];
}
else {
vErrors.push(err150);
}
errors++;
}
if((typeof data67 == "number") && (isFinite(data67))){
if(data67 > 3600 || isNaN(data67)){
const err151 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err151];
}
else {
vErrors.push(err151);
}
errors++;
}
if(data67 < 1 || isNaN(data67)){
const err152 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err152];
}
else {
vErrors.push(err152);
}
errors++;
}
}
}
else {
const err153 = {instancePath:instancePath+"/restart",schemaPath:"#/properties/restart/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err153];
}
else {
vErrors.push(err153);
}
errors++;
}
let data68 = data.deploy;
if(data68 && typeof data68 == "object" && !Array.isArray(data68)){
if(data68.target === undefined){
data68.target = "local";
}
if(data68.options === undefined){
data68.options = {};
}
for(const key16 in data68){
if(!((key16 === "target") || (key16 === "options"))){
const err154 = {instancePath:instancePath+"/deploy",schemaPath:"#/properties/deploy/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key16},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err154];
}
else {
vErrors.push(err154);
}
errors++;
}
}
let data69 = data68.target;
if(typeof data69 === "string"){
if(!pattern7.test(data69)){
const err155 = {instancePath:instancePath+"/deploy/target",schemaPath:"#/properties/deploy/properties/target/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err155];
}
else {
vErrors.push(err155);
}
errors++;
}
}
else {
const err156 = {instancePath:instancePath+"/deploy/target",schemaPath:"#/properties/deploy/properties/target/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err156];
}
else {
vErrors.push(err156);
}
errors++;
}
let data70 = data68.options;
if(!(data70 && typeof data70 == "object" && !Array.isArray(data70))){
const err157 = {instancePath:instancePath+"/deploy/options",schemaPath:"#/properties/deploy/properties/options/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err157];
}
else {
vErrors.push(err157);
}
errors++;
}
}
else {
const err158 = {instancePath:instancePath+"/deploy",schemaPath:"#/properties/deploy/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err158];
}
else {
vErrors.push(err158);
}
errors++;
}
}
else {
const err159 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err159];
}
else {
vErrors.push(err159);
}
errors++;
}
validate0.errors = vErrors;
return errors === 0;
}
validate0.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
