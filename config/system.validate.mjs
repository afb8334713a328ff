/* eslint-disable */
// Generated from config/system.schema.json by npm run types.
import { createRequire } from 'node:module'
import { formats } from './formats.ts'
const require = createRequire(import.meta.url)
"use strict";
export const validate = validate0;
export default validate0;
const schema0 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"system.schema.json","title":"SystemConfig","description":"The machine: what it is called, what it runs, what it may use, and where it is deployed.","type":"object","additionalProperties":false,"properties":{"$schema":{"type":"string","description":"Lets editors complete this file.","default":"./system.schema.json"},"hostname":{"type":"string","pattern":"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$","patternErrorMessage":"lower-case letters, digits and inner hyphens, at most 63","description":"Host name of the machine; DHCP and per-instance settings may replace it.","default":"nodeos"},"machine":{"type":"object","description":"The virtual hardware.","additionalProperties":false,"default":{},"properties":{"arch":{"type":"string","enum":["x64","arm64"],"description":"Instruction set of the machine. x64 today; arm64 is refused by the build.","default":"x64"},"memory":{"type":"integer","minimum":48,"maximum":1048576,"description":"Memory in MiB.","default":256},"cpus":{"type":"integer","minimum":1,"maximum":64,"description":"Number of virtual CPUs.","default":1}}},"app":{"type":"object","description":"The application and how it is packed.","additionalProperties":false,"default":{},"properties":{"entry":{"type":"string","pattern":"^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$","patternErrorMessage":"a path in the repository that ends in .js, .mjs, .cjs, .ts, .mts or .cts","description":"The file that Node starts, relative to the repository.","default":"app/index.ts"},"env":{"type":"object","description":"Environment variables baked into the image. Never secrets: the image is not secret.","propertyNames":{"pattern":"^[A-Za-z_][A-Za-z0-9_]*$","patternErrorMessage":"letters, digits and underscores, not starting with a digit"},"additionalProperties":{"type":"string"},"default":{}},"nodeOptions":{"type":"array","description":"Command-line options for Node itself, before the entry.","items":{"type":"string","pattern":"^--[a-z]","patternErrorMessage":"an option that starts with --"},"default":[]},"processes":{"description":"How many Node processes run the app: a number, or \"auto\" for one per virtual CPU. From two on, node:cluster shares the ports.","oneOf":[{"type":"integer","minimum":1,"maximum":256},{"type":"string","const":"auto"}],"default":1},"prune":{"type":"boolean","description":"Leave out of dependencies what never runs: source maps, type declarations, documentation, tests.","default":true},"include":{"type":"array","description":"Further files and folders to pack, relative to the repository.","items":{"type":"string","pattern":"^[^/]","patternErrorMessage":"a path in the repository, not starting with /"},"default":[]}}},"ports":{"type":"array","description":"Ports that the app listens on, and the host's ports that lead to them.","items":{"type":"object","additionalProperties":false,"required":["guest"],"properties":{"guest":{"type":"integer","minimum":1,"maximum":65535,"description":"Port in the machine. The first one is the app's PORT."},"host":{"type":"integer","minimum":1,"maximum":65535,"description":"Port on the host that leads there; the guest's own number when left out."},"protocol":{"type":"string","enum":["tcp","udp"],"description":"Transport protocol.","default":"tcp"}}},"default":[{"guest":8080}]},"network":{"type":"object","description":"The machine's network interface.","additionalProperties":false,"default":{},"properties":{"mode":{"type":"string","enum":["dhcp","static","none"],"description":"How the interface gets its IPv4 address.","default":"dhcp"},"interface":{"type":"string","pattern":"^[a-z][a-z0-9]{0,14}$","patternErrorMessage":"a lower-case letter, then letters and digits, at most 15","description":"Name of the interface.","default":"eth0"},"address":{"type":"string","format":"cidr","description":"IPv4 address and prefix length, e.g. 192.0.2.10/24; static only."},"gateway":{"type":"string","format":"ipv4","description":"Default router; static only."},"dns":{"type":"array","description":"Name servers. Put before those that DHCP offers.","items":{"type":"string","anyOf":[{"format":"ipv4"},{"format":"ipv6"}]},"maxItems":3,"default":[]},"search":{"type":"array","description":"Domains searched for names without a dot.","items":{"type":"string","format":"hostname"},"default":[]},"ntp":{"type":"array","description":"Time servers (address or name). Put before those that DHCP offers.","items":{"type":"string","minLength":1},"default":[]},"mtu":{"type":"integer","minimum":576,"maximum":65535,"description":"Largest packet; what DHCP or the device says when left out."},"ipv6":{"type":"string","enum":["auto","off"],"description":"IPv6: \"auto\" takes addresses from router advertisements (SLAAC), \"off\" none.","default":"auto"}}},"kernel":{"type":"object","description":"The kernel and its configuration.","additionalProperties":false,"default":{},"properties":{"source":{"type":"string","minLength":1,"description":"Where the source comes from: \"distribution\" (the host's apt mirror, signed), \"tarball\" (kernel.org, pinned), \"auto\" (what is kept of these from an earlier build, else the first that answers), or a path to a tree or tarball.","default":"auto"},"platforms":{"type":"array","description":"Hypervisors to carry drivers for: fragments kernel/config/platform-<name>.config. virtio is always there.","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"uniqueItems":true,"default":[]},"fragments":{"type":"array","description":"Further fragments, kernel/config/<name>.config, e.g. \"debug\".","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"uniqueItems":true,"default":[]},"mitigations":{"type":"boolean","description":"Defend against speculative execution. Off by default: one trust domain runs in the guest.","default":false},"cmdline":{"type":"string","pattern":"^[ -~]*$","patternErrorMessage":"printable ASCII","maxLength":1024,"description":"Appended to the kernel command line.","default":""}}},"image":{"type":"object","description":"How the layers are packed.","additionalProperties":false,"default":{},"properties":{"compression":{"type":"string","enum":["lz4","zstd","xz"],"description":"lz4 boots fastest, xz is smallest, zstd lies between.","default":"lz4"},"formats":{"type":"array","description":"Image formats to assemble: files build/formats/<name>.ts, as direct, raw, qcow2, vmdk, vhd, vhdx, iso, efi, initrd. \"direct\" is the kernel and the layers as they are; others may compile more drivers into the kernel.","items":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens"},"minItems":1,"uniqueItems":true,"default":["direct"]}}},"data":{"type":"object","description":"A second disk, mounted at /data: ext4, checked at boot, grown to the disk's size, kept across deploys and rollbacks. None when left out.","additionalProperties":false,"properties":{"label":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,16}$","patternErrorMessage":"letters, digits, dots, hyphens and underscores, at most 16","description":"ext4 label by which the machine finds the disk.","default":"data"},"size":{"type":"integer","minimum":16,"maximum":16777216,"description":"MiB of the disk that a target creates; one that is there is grown to it, never shrunk.","default":1024}}},"health":{"type":"object","description":"How to tell that the app serves.","additionalProperties":false,"default":{},"properties":{"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with /, without spaces","description":"HTTP path that answers 200 when the app is well.","default":"/healthz"},"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Guest port to ask; the first tcp port when left out."},"timeout":{"type":"number","exclusiveMinimum":0,"maximum":3600,"description":"Seconds from power-on within which the first 200 must come.","default":60}}},"metrics":{"type":"object","description":"Prometheus metrics of the machine, its processes and the app.","additionalProperties":false,"default":{},"properties":{"port":{"type":"integer","minimum":1,"maximum":65535,"description":"Guest port that serves them to everyone who reaches it; none when left out."},"path":{"type":"string","pattern":"^/[!-~]*$","patternErrorMessage":"a path that starts with /, without spaces","description":"HTTP path of the metrics.","default":"/metrics"}}},"logs":{"type":"object","description":"Where the console's lines go besides the console.","additionalProperties":false,"default":{},"properties":{"forward":{"type":"string","pattern":"^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$","patternErrorMessage":"a URL such as syslog+udp://host:514, syslog+tcp://host:601, syslog+tls://host:6514 or https://host/path, or env:NAME","description":"A collector: syslog+udp, syslog+tcp, syslog+tls, http or https; or env:NAME, the variable of the machine's environment that names it."},"buffer":{"type":"integer","minimum":4,"maximum":65536,"description":"KiB of memory for lines while the collector is down; what comes when it is full is counted and dropped.","default":256}}},"restart":{"type":"object","description":"What PID 1 does when Node ends.","additionalProperties":false,"default":{},"properties":{"exitZero":{"type":"string","enum":["restart","poweroff"],"description":"When Node ends with status 0: start it again, or power the machine off.","default":"restart"},"backoffInitial":{"type":"integer","minimum":0,"maximum":60000,"description":"Milliseconds before the first restart; doubled each time.","default":100},"backoffMax":{"type":"integer","minimum":0,"maximum":600000,"description":"Longest wait between restarts, in milliseconds.","default":5000},"crashLoopCount":{"type":"integer","minimum":2,"maximum":1000,"description":"This many ends within crashLoopWindow reboot the machine.","default":10},"crashLoopWindow":{"type":"integer","minimum":1,"maximum":86400,"description":"Seconds over which ends are counted.","default":60},"drainTimeout":{"type":"integer","minimum":1,"maximum":3600,"description":"Seconds the app has to finish its work after the power button or SIGTERM.","default":10}}},"deploy":{"type":"object","description":"Where npm run deploy takes the machine.","additionalProperties":false,"default":{},"properties":{"target":{"type":"string","pattern":"^[a-z0-9-]+$","patternErrorMessage":"lower-case letters, digits and hyphens","description":"A file or folder in deploy/targets/.","default":"local"},"options":{"type":"object","description":"The target's own options; its schema is checked too.","default":{}}}}}};
const func0 = Object.prototype.hasOwnProperty;
const func2 = require("ajv/dist/runtime/ucs2length").default;
const pattern0 = new RegExp("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "u");
const pattern1 = new RegExp("^[^/].*\\.(js|mjs|cjs|ts|mts|cts)$", "u");
const pattern2 = new RegExp("^[A-Za-z_][A-Za-z0-9_]*$", "u");
const pattern3 = new RegExp("^--[a-z]", "u");
const pattern4 = new RegExp("^[^/]", "u");
const pattern5 = new RegExp("^[a-z][a-z0-9]{0,14}$", "u");
const pattern6 = new RegExp("^[a-z0-9-]+$", "u");
const pattern8 = new RegExp("^[ -~]*$", "u");
const pattern10 = new RegExp("^[A-Za-z0-9._-]{1,16}$", "u");
const pattern11 = new RegExp("^/[!-~]*$", "u");
const pattern13 = new RegExp("^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$", "u");
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
for(const key2 in data6){
if(!((((((key2 === "entry") || (key2 === "env")) || (key2 === "nodeOptions")) || (key2 === "processes")) || (key2 === "prune")) || (key2 === "include"))){
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
}
else {
const err34 = {instancePath:instancePath+"/app",schemaPath:"#/properties/app/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
let data16 = data.ports;
if(Array.isArray(data16)){
const len2 = data16.length;
for(let i2=0; i2<len2; i2++){
let data17 = data16[i2];
if(data17 && typeof data17 == "object" && !Array.isArray(data17)){
if(data17.protocol === undefined){
data17.protocol = "tcp";
}
if(data17.guest === undefined){
const err35 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/required",keyword:"required",params:{missingProperty: "guest"},message:"must have required property '"+"guest"+"'"};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
for(const key5 in data17){
if(!(((key5 === "guest") || (key5 === "host")) || (key5 === "protocol"))){
const err36 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
}
if(data17.guest !== undefined){
let data18 = data17.guest;
if(!(((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18))) && (isFinite(data18)))){
const err37 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 > 65535 || isNaN(data18)){
const err38 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
if(data18 < 1 || isNaN(data18)){
const err39 = {instancePath:instancePath+"/ports/" + i2+"/guest",schemaPath:"#/properties/ports/items/properties/guest/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
}
}
if(data17.host !== undefined){
let data19 = data17.host;
if(!(((typeof data19 == "number") && (!(data19 % 1) && !isNaN(data19))) && (isFinite(data19)))){
const err40 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
if((typeof data19 == "number") && (isFinite(data19))){
if(data19 > 65535 || isNaN(data19)){
const err41 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
if(data19 < 1 || isNaN(data19)){
const err42 = {instancePath:instancePath+"/ports/" + i2+"/host",schemaPath:"#/properties/ports/items/properties/host/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
}
}
let data20 = data17.protocol;
if(typeof data20 !== "string"){
const err43 = {instancePath:instancePath+"/ports/" + i2+"/protocol",schemaPath:"#/properties/ports/items/properties/protocol/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
if(!((data20 === "tcp") || (data20 === "udp"))){
const err44 = {instancePath:instancePath+"/ports/" + i2+"/protocol",schemaPath:"#/properties/ports/items/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.ports.items.properties.protocol.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
}
else {
const err45 = {instancePath:instancePath+"/ports/" + i2,schemaPath:"#/properties/ports/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
}
}
}
else {
const err46 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
let data21 = data.network;
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
if(data21.mode === undefined){
data21.mode = "dhcp";
}
if(data21.interface === undefined){
data21.interface = "eth0";
}
if(data21.dns === undefined){
data21.dns = [];
}
if(data21.search === undefined){
data21.search = [];
}
if(data21.ntp === undefined){
data21.ntp = [];
}
if(data21.ipv6 === undefined){
data21.ipv6 = "auto";
}
for(const key6 in data21){
if(!(func0.call(schema0.properties.network.properties, key6))){
const err47 = {instancePath:instancePath+"/network",schemaPath:"#/properties/network/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err47];
}
else {
vErrors.push(err47);
}
errors++;
}
}
let data22 = data21.mode;
if(typeof data22 !== "string"){
const err48 = {instancePath:instancePath+"/network/mode",schemaPath:"#/properties/network/properties/mode/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
if(!(((data22 === "dhcp") || (data22 === "static")) || (data22 === "none"))){
const err49 = {instancePath:instancePath+"/network/mode",schemaPath:"#/properties/network/properties/mode/enum",keyword:"enum",params:{allowedValues: schema0.properties.network.properties.mode.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
let data23 = data21.interface;
if(typeof data23 === "string"){
if(!pattern5.test(data23)){
const err50 = {instancePath:instancePath+"/network/interface",schemaPath:"#/properties/network/properties/interface/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9]{0,14}$"},message:"must match pattern \""+"^[a-z][a-z0-9]{0,14}$"+"\""};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
}
else {
const err51 = {instancePath:instancePath+"/network/interface",schemaPath:"#/properties/network/properties/interface/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
if(data21.address !== undefined){
let data24 = data21.address;
if(typeof data24 === "string"){
if(!(formats0(data24))){
const err52 = {instancePath:instancePath+"/network/address",schemaPath:"#/properties/network/properties/address/format",keyword:"format",params:{format: "cidr"},message:"must match format \""+"cidr"+"\""};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
}
else {
const err53 = {instancePath:instancePath+"/network/address",schemaPath:"#/properties/network/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
}
if(data21.gateway !== undefined){
let data25 = data21.gateway;
if(typeof data25 === "string"){
if(!(formats2.test(data25))){
const err54 = {instancePath:instancePath+"/network/gateway",schemaPath:"#/properties/network/properties/gateway/format",keyword:"format",params:{format: "ipv4"},message:"must match format \""+"ipv4"+"\""};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
}
}
else {
const err55 = {instancePath:instancePath+"/network/gateway",schemaPath:"#/properties/network/properties/gateway/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
}
let data26 = data21.dns;
if(Array.isArray(data26)){
if(data26.length > 3){
const err56 = {instancePath:instancePath+"/network/dns",schemaPath:"#/properties/network/properties/dns/maxItems",keyword:"maxItems",params:{limit: 3},message:"must NOT have more than 3 items"};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
const len3 = data26.length;
for(let i3=0; i3<len3; i3++){
let data27 = data26[i3];
if(typeof data27 !== "string"){
const err57 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
const _errs68 = errors;
let valid16 = false;
const _errs69 = errors;
if(typeof data27 === "string"){
if(!(formats2.test(data27))){
const err58 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf/0/format",keyword:"format",params:{format: "ipv4"},message:"must match format \""+"ipv4"+"\""};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
}
var _valid1 = _errs69 === errors;
valid16 = valid16 || _valid1;
const _errs70 = errors;
if(typeof data27 === "string"){
if(!(formats6.test(data27))){
const err59 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf/1/format",keyword:"format",params:{format: "ipv6"},message:"must match format \""+"ipv6"+"\""};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
}
var _valid1 = _errs70 === errors;
valid16 = valid16 || _valid1;
if(!valid16){
const err60 = {instancePath:instancePath+"/network/dns/" + i3,schemaPath:"#/properties/network/properties/dns/items/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
else {
errors = _errs68;
if(vErrors !== null){
if(_errs68){
vErrors.length = _errs68;
}
else {
vErrors = null;
}
}
}
}
}
else {
const err61 = {instancePath:instancePath+"/network/dns",schemaPath:"#/properties/network/properties/dns/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
let data28 = data21.search;
if(Array.isArray(data28)){
const len4 = data28.length;
for(let i4=0; i4<len4; i4++){
let data29 = data28[i4];
if(typeof data29 === "string"){
if(!(formats8.test(data29))){
const err62 = {instancePath:instancePath+"/network/search/" + i4,schemaPath:"#/properties/network/properties/search/items/format",keyword:"format",params:{format: "hostname"},message:"must match format \""+"hostname"+"\""};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
}
else {
const err63 = {instancePath:instancePath+"/network/search/" + i4,schemaPath:"#/properties/network/properties/search/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
}
}
}
else {
const err64 = {instancePath:instancePath+"/network/search",schemaPath:"#/properties/network/properties/search/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
let data30 = data21.ntp;
if(Array.isArray(data30)){
const len5 = data30.length;
for(let i5=0; i5<len5; i5++){
let data31 = data30[i5];
if(typeof data31 === "string"){
if(func2(data31) < 1){
const err65 = {instancePath:instancePath+"/network/ntp/" + i5,schemaPath:"#/properties/network/properties/ntp/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
}
else {
const err66 = {instancePath:instancePath+"/network/ntp/" + i5,schemaPath:"#/properties/network/properties/ntp/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
}
}
else {
const err67 = {instancePath:instancePath+"/network/ntp",schemaPath:"#/properties/network/properties/ntp/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err67];
}
else {
vErrors.push(err67);
}
errors++;
}
if(data21.mtu !== undefined){
let data32 = data21.mtu;
if(!(((typeof data32 == "number") && (!(data32 % 1) && !isNaN(data32))) && (isFinite(data32)))){
const err68 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
if((typeof data32 == "number") && (isFinite(data32))){
if(data32 > 65535 || isNaN(data32)){
const err69 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
if(data32 < 576 || isNaN(data32)){
const err70 = {instancePath:instancePath+"/network/mtu",schemaPath:"#/properties/network/properties/mtu/minimum",keyword:"minimum",params:{comparison: ">=", limit: 576},message:"must be >= 576"};
if(vErrors === null){
vErrors = [err70];
}
else {
vErrors.push(err70);
}
errors++;
}
}
}
let data33 = data21.ipv6;
if(typeof data33 !== "string"){
const err71 = {instancePath:instancePath+"/network/ipv6",schemaPath:"#/properties/network/properties/ipv6/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
if(!((data33 === "auto") || (data33 === "off"))){
const err72 = {instancePath:instancePath+"/network/ipv6",schemaPath:"#/properties/network/properties/ipv6/enum",keyword:"enum",params:{allowedValues: schema0.properties.network.properties.ipv6.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
}
}
else {
const err73 = {instancePath:instancePath+"/network",schemaPath:"#/properties/network/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
let data34 = data.kernel;
if(data34 && typeof data34 == "object" && !Array.isArray(data34)){
if(data34.source === undefined){
data34.source = "auto";
}
if(data34.platforms === undefined){
data34.platforms = [];
}
if(data34.fragments === undefined){
data34.fragments = [];
}
if(data34.mitigations === undefined){
data34.mitigations = false;
}
if(data34.cmdline === undefined){
data34.cmdline = "";
}
for(const key7 in data34){
if(!(((((key7 === "source") || (key7 === "platforms")) || (key7 === "fragments")) || (key7 === "mitigations")) || (key7 === "cmdline"))){
const err74 = {instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
}
let data35 = data34.source;
if(typeof data35 === "string"){
if(func2(data35) < 1){
const err75 = {instancePath:instancePath+"/kernel/source",schemaPath:"#/properties/kernel/properties/source/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
}
else {
const err76 = {instancePath:instancePath+"/kernel/source",schemaPath:"#/properties/kernel/properties/source/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
let data36 = data34.platforms;
if(Array.isArray(data36)){
const len6 = data36.length;
for(let i6=0; i6<len6; i6++){
let data37 = data36[i6];
if(typeof data37 === "string"){
if(!pattern6.test(data37)){
const err77 = {instancePath:instancePath+"/kernel/platforms/" + i6,schemaPath:"#/properties/kernel/properties/platforms/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
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
const err78 = {instancePath:instancePath+"/kernel/platforms/" + i6,schemaPath:"#/properties/kernel/properties/platforms/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
}
}
let i7 = data36.length;
let j0;
if(i7 > 1){
const indices0 = {};
for(;i7--;){
let item0 = data36[i7];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
const err79 = {instancePath:instancePath+"/kernel/platforms",schemaPath:"#/properties/kernel/properties/platforms/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i7+" are identical)"};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
break;
}
indices0[item0] = i7;
}
}
}
else {
const err80 = {instancePath:instancePath+"/kernel/platforms",schemaPath:"#/properties/kernel/properties/platforms/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
let data38 = data34.fragments;
if(Array.isArray(data38)){
const len7 = data38.length;
for(let i8=0; i8<len7; i8++){
let data39 = data38[i8];
if(typeof data39 === "string"){
if(!pattern6.test(data39)){
const err81 = {instancePath:instancePath+"/kernel/fragments/" + i8,schemaPath:"#/properties/kernel/properties/fragments/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
}
else {
const err82 = {instancePath:instancePath+"/kernel/fragments/" + i8,schemaPath:"#/properties/kernel/properties/fragments/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
}
}
let i9 = data38.length;
let j1;
if(i9 > 1){
const indices1 = {};
for(;i9--;){
let item1 = data38[i9];
if(typeof item1 !== "string"){
continue;
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
const err83 = {instancePath:instancePath+"/kernel/fragments",schemaPath:"#/properties/kernel/properties/fragments/uniqueItems",keyword:"uniqueItems",params:{i: i9, j: j1},message:"must NOT have duplicate items (items ## "+j1+" and "+i9+" are identical)"};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
break;
}
indices1[item1] = i9;
}
}
}
else {
const err84 = {instancePath:instancePath+"/kernel/fragments",schemaPath:"#/properties/kernel/properties/fragments/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
}
if(typeof data34.mitigations !== "boolean"){
const err85 = {instancePath:instancePath+"/kernel/mitigations",schemaPath:"#/properties/kernel/properties/mitigations/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
let data41 = data34.cmdline;
if(typeof data41 === "string"){
if(func2(data41) > 1024){
const err86 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/maxLength",keyword:"maxLength",params:{limit: 1024},message:"must NOT have more than 1024 characters"};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
}
if(!pattern8.test(data41)){
const err87 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/pattern",keyword:"pattern",params:{pattern: "^[ -~]*$"},message:"must match pattern \""+"^[ -~]*$"+"\""};
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
const err88 = {instancePath:instancePath+"/kernel/cmdline",schemaPath:"#/properties/kernel/properties/cmdline/type",keyword:"type",params:{type: "string"},message:"must be string"};
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
const err89 = {instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
let data42 = data.image;
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
if(data42.compression === undefined){
data42.compression = "lz4";
}
if(data42.formats === undefined){
data42.formats = ["direct"];
}
for(const key8 in data42){
if(!((key8 === "compression") || (key8 === "formats"))){
const err90 = {instancePath:instancePath+"/image",schemaPath:"#/properties/image/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
}
}
let data43 = data42.compression;
if(typeof data43 !== "string"){
const err91 = {instancePath:instancePath+"/image/compression",schemaPath:"#/properties/image/properties/compression/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
if(!(((data43 === "lz4") || (data43 === "zstd")) || (data43 === "xz"))){
const err92 = {instancePath:instancePath+"/image/compression",schemaPath:"#/properties/image/properties/compression/enum",keyword:"enum",params:{allowedValues: schema0.properties.image.properties.compression.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err92];
}
else {
vErrors.push(err92);
}
errors++;
}
let data44 = data42.formats;
if(Array.isArray(data44)){
if(data44.length < 1){
const err93 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
const len8 = data44.length;
for(let i10=0; i10<len8; i10++){
let data45 = data44[i10];
if(typeof data45 === "string"){
if(!pattern6.test(data45)){
const err94 = {instancePath:instancePath+"/image/formats/" + i10,schemaPath:"#/properties/image/properties/formats/items/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
}
}
else {
const err95 = {instancePath:instancePath+"/image/formats/" + i10,schemaPath:"#/properties/image/properties/formats/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err95];
}
else {
vErrors.push(err95);
}
errors++;
}
}
let i11 = data44.length;
let j2;
if(i11 > 1){
const indices2 = {};
for(;i11--;){
let item2 = data44[i11];
if(typeof item2 !== "string"){
continue;
}
if(typeof indices2[item2] == "number"){
j2 = indices2[item2];
const err96 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/uniqueItems",keyword:"uniqueItems",params:{i: i11, j: j2},message:"must NOT have duplicate items (items ## "+j2+" and "+i11+" are identical)"};
if(vErrors === null){
vErrors = [err96];
}
else {
vErrors.push(err96);
}
errors++;
break;
}
indices2[item2] = i11;
}
}
}
else {
const err97 = {instancePath:instancePath+"/image/formats",schemaPath:"#/properties/image/properties/formats/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err97];
}
else {
vErrors.push(err97);
}
errors++;
}
}
else {
const err98 = {instancePath:instancePath+"/image",schemaPath:"#/properties/image/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err98];
}
else {
vErrors.push(err98);
}
errors++;
}
if(data.data !== undefined){
let data46 = data.data;
if(data46 && typeof data46 == "object" && !Array.isArray(data46)){
if(data46.label === undefined){
data46.label = "data";
}
if(data46.size === undefined){
data46.size = 1024;
}
for(const key9 in data46){
if(!((key9 === "label") || (key9 === "size"))){
const err99 = {instancePath:instancePath+"/data",schemaPath:"#/properties/data/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err99];
}
else {
vErrors.push(err99);
}
errors++;
}
}
let data47 = data46.label;
if(typeof data47 === "string"){
if(!pattern10.test(data47)){
const err100 = {instancePath:instancePath+"/data/label",schemaPath:"#/properties/data/properties/label/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9._-]{1,16}$"},message:"must match pattern \""+"^[A-Za-z0-9._-]{1,16}$"+"\""};
if(vErrors === null){
vErrors = [err100];
}
else {
vErrors.push(err100);
}
errors++;
}
}
else {
const err101 = {instancePath:instancePath+"/data/label",schemaPath:"#/properties/data/properties/label/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err101];
}
else {
vErrors.push(err101);
}
errors++;
}
let data48 = data46.size;
if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
const err102 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err102];
}
else {
vErrors.push(err102);
}
errors++;
}
if((typeof data48 == "number") && (isFinite(data48))){
if(data48 > 16777216 || isNaN(data48)){
const err103 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"};
if(vErrors === null){
vErrors = [err103];
}
else {
vErrors.push(err103);
}
errors++;
}
if(data48 < 16 || isNaN(data48)){
const err104 = {instancePath:instancePath+"/data/size",schemaPath:"#/properties/data/properties/size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16},message:"must be >= 16"};
if(vErrors === null){
vErrors = [err104];
}
else {
vErrors.push(err104);
}
errors++;
}
}
}
else {
const err105 = {instancePath:instancePath+"/data",schemaPath:"#/properties/data/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err105];
}
else {
vErrors.push(err105);
}
errors++;
}
}
let data49 = data.health;
if(data49 && typeof data49 == "object" && !Array.isArray(data49)){
if(data49.path === undefined){
data49.path = "/healthz";
}
if(data49.timeout === undefined){
data49.timeout = 60;
}
for(const key10 in data49){
if(!(((key10 === "path") || (key10 === "port")) || (key10 === "timeout"))){
const err106 = {instancePath:instancePath+"/health",schemaPath:"#/properties/health/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err106];
}
else {
vErrors.push(err106);
}
errors++;
}
}
let data50 = data49.path;
if(typeof data50 === "string"){
if(!pattern11.test(data50)){
const err107 = {instancePath:instancePath+"/health/path",schemaPath:"#/properties/health/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
if(vErrors === null){
vErrors = [err107];
}
else {
vErrors.push(err107);
}
errors++;
}
}
else {
const err108 = {instancePath:instancePath+"/health/path",schemaPath:"#/properties/health/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err108];
}
else {
vErrors.push(err108);
}
errors++;
}
if(data49.port !== undefined){
let data51 = data49.port;
if(!(((typeof data51 == "number") && (!(data51 % 1) && !isNaN(data51))) && (isFinite(data51)))){
const err109 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err109];
}
else {
vErrors.push(err109);
}
errors++;
}
if((typeof data51 == "number") && (isFinite(data51))){
if(data51 > 65535 || isNaN(data51)){
const err110 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err110];
}
else {
vErrors.push(err110);
}
errors++;
}
if(data51 < 1 || isNaN(data51)){
const err111 = {instancePath:instancePath+"/health/port",schemaPath:"#/properties/health/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err111];
}
else {
vErrors.push(err111);
}
errors++;
}
}
}
let data52 = data49.timeout;
if((typeof data52 == "number") && (isFinite(data52))){
if(data52 > 3600 || isNaN(data52)){
const err112 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err112];
}
else {
vErrors.push(err112);
}
errors++;
}
if(data52 <= 0 || isNaN(data52)){
const err113 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
if(vErrors === null){
vErrors = [err113];
}
else {
vErrors.push(err113);
}
errors++;
}
}
else {
const err114 = {instancePath:instancePath+"/health/timeout",schemaPath:"#/properties/health/properties/timeout/type",keyword:"type",params:{type: "number"},message:"must be number"};
if(vErrors === null){
vErrors = [err114];
}
else {
vErrors.push(err114);
}
errors++;
}
}
else {
const err115 = {instancePath:instancePath+"/health",schemaPath:"#/properties/health/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err115];
}
else {
vErrors.push(err115);
}
errors++;
}
let data53 = data.metrics;
if(data53 && typeof data53 == "object" && !Array.isArray(data53)){
if(data53.path === undefined){
data53.path = "/metrics";
}
for(const key11 in data53){
if(!((key11 === "port") || (key11 === "path"))){
const err116 = {instancePath:instancePath+"/metrics",schemaPath:"#/properties/metrics/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err116];
}
else {
vErrors.push(err116);
}
errors++;
}
}
if(data53.port !== undefined){
let data54 = data53.port;
if(!(((typeof data54 == "number") && (!(data54 % 1) && !isNaN(data54))) && (isFinite(data54)))){
const err117 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err117];
}
else {
vErrors.push(err117);
}
errors++;
}
if((typeof data54 == "number") && (isFinite(data54))){
if(data54 > 65535 || isNaN(data54)){
const err118 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"};
if(vErrors === null){
vErrors = [err118];
}
else {
vErrors.push(err118);
}
errors++;
}
if(data54 < 1 || isNaN(data54)){
const err119 = {instancePath:instancePath+"/metrics/port",schemaPath:"#/properties/metrics/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err119];
}
else {
vErrors.push(err119);
}
errors++;
}
}
}
let data55 = data53.path;
if(typeof data55 === "string"){
if(!pattern11.test(data55)){
const err120 = {instancePath:instancePath+"/metrics/path",schemaPath:"#/properties/metrics/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-~]*$"},message:"must match pattern \""+"^/[!-~]*$"+"\""};
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
const err121 = {instancePath:instancePath+"/metrics/path",schemaPath:"#/properties/metrics/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err121];
}
else {
vErrors.push(err121);
}
errors++;
}
}
else {
const err122 = {instancePath:instancePath+"/metrics",schemaPath:"#/properties/metrics/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err122];
}
else {
vErrors.push(err122);
}
errors++;
}
let data56 = data.logs;
if(data56 && typeof data56 == "object" && !Array.isArray(data56)){
if(data56.buffer === undefined){
data56.buffer = 256;
}
for(const key12 in data56){
if(!((key12 === "forward") || (key12 === "buffer"))){
const err123 = {instancePath:instancePath+"/logs",schemaPath:"#/properties/logs/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err123];
}
else {
vErrors.push(err123);
}
errors++;
}
}
if(data56.forward !== undefined){
let data57 = data56.forward;
if(typeof data57 === "string"){
if(!pattern13.test(data57)){
const err124 = {instancePath:instancePath+"/logs/forward",schemaPath:"#/properties/logs/properties/forward/pattern",keyword:"pattern",params:{pattern: "^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$"},message:"must match pattern \""+"^((syslog\\+(udp|tcp|tls)|https?)://[!-~]+|env:[A-Za-z_][A-Za-z0-9_]*)$"+"\""};
if(vErrors === null){
vErrors = [err124];
}
else {
vErrors.push(err124);
}
errors++;
}
}
else {
const err125 = {instancePath:instancePath+"/logs/forward",schemaPath:"#/properties/logs/properties/forward/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err125];
}
else {
vErrors.push(err125);
}
errors++;
}
}
let data58 = data56.buffer;
if(!(((typeof data58 == "number") && (!(data58 % 1) && !isNaN(data58))) && (isFinite(data58)))){
const err126 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err126];
}
else {
vErrors.push(err126);
}
errors++;
}
if((typeof data58 == "number") && (isFinite(data58))){
if(data58 > 65536 || isNaN(data58)){
const err127 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"};
if(vErrors === null){
vErrors = [err127];
}
else {
vErrors.push(err127);
}
errors++;
}
if(data58 < 4 || isNaN(data58)){
const err128 = {instancePath:instancePath+"/logs/buffer",schemaPath:"#/properties/logs/properties/buffer/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4},message:"must be >= 4"};
if(vErrors === null){
vErrors = [err128];
}
else {
vErrors.push(err128);
}
errors++;
}
}
}
else {
const err129 = {instancePath:instancePath+"/logs",schemaPath:"#/properties/logs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err129];
}
else {
vErrors.push(err129);
}
errors++;
}
let data59 = data.restart;
if(data59 && typeof data59 == "object" && !Array.isArray(data59)){
if(data59.exitZero === undefined){
data59.exitZero = "restart";
}
if(data59.backoffInitial === undefined){
data59.backoffInitial = 100;
}
if(data59.backoffMax === undefined){
data59.backoffMax = 5000;
}
if(data59.crashLoopCount === undefined){
data59.crashLoopCount = 10;
}
if(data59.crashLoopWindow === undefined){
data59.crashLoopWindow = 60;
}
if(data59.drainTimeout === undefined){
data59.drainTimeout = 10;
}
for(const key13 in data59){
if(!((((((key13 === "exitZero") || (key13 === "backoffInitial")) || (key13 === "backoffMax")) || (key13 === "crashLoopCount")) || (key13 === "crashLoopWindow")) || (key13 === "drainTimeout"))){
const err130 = {instancePath:instancePath+"/restart",schemaPath:"#/properties/restart/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err130];
}
else {
vErrors.push(err130);
}
errors++;
}
}
let data60 = data59.exitZero;
if(typeof data60 !== "string"){
const err131 = {instancePath:instancePath+"/restart/exitZero",schemaPath:"#/properties/restart/properties/exitZero/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err131];
}
else {
vErrors.push(err131);
}
errors++;
}
if(!((data60 === "restart") || (data60 === "poweroff"))){
const err132 = {instancePath:instancePath+"/restart/exitZero",schemaPath:"#/properties/restart/properties/exitZero/enum",keyword:"enum",params:{allowedValues: schema0.properties.restart.properties.exitZero.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err132];
}
else {
vErrors.push(err132);
}
errors++;
}
let data61 = data59.backoffInitial;
if(!(((typeof data61 == "number") && (!(data61 % 1) && !isNaN(data61))) && (isFinite(data61)))){
const err133 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err133];
}
else {
vErrors.push(err133);
}
errors++;
}
if((typeof data61 == "number") && (isFinite(data61))){
if(data61 > 60000 || isNaN(data61)){
const err134 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/maximum",keyword:"maximum",params:{comparison: "<=", limit: 60000},message:"must be <= 60000"};
if(vErrors === null){
vErrors = [err134];
}
else {
vErrors.push(err134);
}
errors++;
}
if(data61 < 0 || isNaN(data61)){
const err135 = {instancePath:instancePath+"/restart/backoffInitial",schemaPath:"#/properties/restart/properties/backoffInitial/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err135];
}
else {
vErrors.push(err135);
}
errors++;
}
}
let data62 = data59.backoffMax;
if(!(((typeof data62 == "number") && (!(data62 % 1) && !isNaN(data62))) && (isFinite(data62)))){
const err136 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err136];
}
else {
vErrors.push(err136);
}
errors++;
}
if((typeof data62 == "number") && (isFinite(data62))){
if(data62 > 600000 || isNaN(data62)){
const err137 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/maximum",keyword:"maximum",params:{comparison: "<=", limit: 600000},message:"must be <= 600000"};
if(vErrors === null){
vErrors = [err137];
}
else {
vErrors.push(err137);
}
errors++;
}
if(data62 < 0 || isNaN(data62)){
const err138 = {instancePath:instancePath+"/restart/backoffMax",schemaPath:"#/properties/restart/properties/backoffMax/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err138];
}
else {
vErrors.push(err138);
}
errors++;
}
}
let data63 = data59.crashLoopCount;
if(!(((typeof data63 == "number") && (!(data63 % 1) && !isNaN(data63))) && (isFinite(data63)))){
const err139 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err139];
}
else {
vErrors.push(err139);
}
errors++;
}
if((typeof data63 == "number") && (isFinite(data63))){
if(data63 > 1000 || isNaN(data63)){
const err140 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000"};
if(vErrors === null){
vErrors = [err140];
}
else {
vErrors.push(err140);
}
errors++;
}
if(data63 < 2 || isNaN(data63)){
const err141 = {instancePath:instancePath+"/restart/crashLoopCount",schemaPath:"#/properties/restart/properties/crashLoopCount/minimum",keyword:"minimum",params:{comparison: ">=", limit: 2},message:"must be >= 2"};
if(vErrors === null){
vErrors = [err141];
}
else {
vErrors.push(err141);
}
errors++;
}
}
let data64 = data59.crashLoopWindow;
if(!(((typeof data64 == "number") && (!(data64 % 1) && !isNaN(data64))) && (isFinite(data64)))){
const err142 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err142];
}
else {
vErrors.push(err142);
}
errors++;
}
if((typeof data64 == "number") && (isFinite(data64))){
if(data64 > 86400 || isNaN(data64)){
const err143 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400"};
if(vErrors === null){
vErrors = [err143];
}
else {
vErrors.push(err143);
}
errors++;
}
if(data64 < 1 || isNaN(data64)){
const err144 = {instancePath:instancePath+"/restart/crashLoopWindow",schemaPath:"#/properties/restart/properties/crashLoopWindow/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err144];
}
else {
vErrors.push(err144);
}
errors++;
}
}
let data65 = data59.drainTimeout;
if(!(((typeof data65 == "number") && (!(data65 % 1) && !isNaN(data65))) && (isFinite(data65)))){
const err145 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err145];
}
else {
vErrors.push(err145);
}
errors++;
}
if((typeof data65 == "number") && (isFinite(data65))){
if(data65 > 3600 || isNaN(data65)){
const err146 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/maximum",keyword:"maximum",params:{comparison: "<=", limit: 3600},message:"must be <= 3600"};
if(vErrors === null){
vErrors = [err146];
}
else {
vErrors.push(err146);
}
errors++;
}
if(data65 < 1 || isNaN(data65)){
const err147 = {instancePath:instancePath+"/restart/drainTimeout",schemaPath:"#/properties/restart/properties/drainTimeout/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err147];
}
else {
vErrors.push(err147);
}
errors++;
}
}
}
else {
const err148 = {instancePath:instancePath+"/restart",schemaPath:"#/properties/restart/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err148];
}
else {
vErrors.push(err148);
}
errors++;
}
let data66 = data.deploy;
if(data66 && typeof data66 == "object" && !Array.isArray(data66)){
if(data66.target === undefined){
data66.target = "local";
}
if(data66.options === undefined){
data66.options = {};
}
for(const key14 in data66){
if(!((key14 === "target") || (key14 === "options"))){
const err149 = {instancePath:instancePath+"/deploy",schemaPath:"#/properties/deploy/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err149];
}
else {
vErrors.push(err149);
}
errors++;
}
}
let data67 = data66.target;
if(typeof data67 === "string"){
if(!pattern6.test(data67)){
const err150 = {instancePath:instancePath+"/deploy/target",schemaPath:"#/properties/deploy/properties/target/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9-]+$"},message:"must match pattern \""+"^[a-z0-9-]+$"+"\""};
if(vErrors === null){
vErrors = [err150];
}
else {
vErrors.push(err150);
}
errors++;
}
}
else {
const err151 = {instancePath:instancePath+"/deploy/target",schemaPath:"#/properties/deploy/properties/target/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err151];
}
else {
vErrors.push(err151);
}
errors++;
}
let data68 = data66.options;
if(!(data68 && typeof data68 == "object" && !Array.isArray(data68))){
const err152 = {instancePath:instancePath+"/deploy/options",schemaPath:"#/properties/deploy/properties/options/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err152];
}
else {
vErrors.push(err152);
}
errors++;
}
}
else {
const err153 = {instancePath:instancePath+"/deploy",schemaPath:"#/properties/deploy/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err153];
}
else {
vErrors.push(err153);
}
errors++;
}
}
else {
const err154 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err154];
}
else {
vErrors.push(err154);
}
errors++;
}
validate0.errors = vErrors;
return errors === 0;
}
validate0.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
