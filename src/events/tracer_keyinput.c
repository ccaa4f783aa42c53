/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/keyinput.h"
#include "events/schema.h"

static const char *const events[] = { "count", NULL };

static const struct field_word buses[] = {
	{ 0x01, "pci" }, { 0x03, "usb" }, { 0x05, "bluetooth" }, { 0x06, "virtual" }, { 0x10, "isa" }, { 0x11, "i8042" },
	{ 0x18, "i2c" }, { 0x19, "host" }, { 0x1c, "spi" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_keyinput, name, "device", F_STR, .help = "name of the input device"),
	FIELD_NUM(ev_keyinput, presses, "presses", F_U64, .help = "keys pressed in this second"),
	FIELD_NUM(ev_keyinput, repeats, "repeats", F_U64, .help = "repeats of keys that were held"),
	FIELD_NUM(ev_keyinput, releases, "releases", F_U64, .help = "keys released"),
	FIELD_NUM(ev_keyinput, moves, "moves", F_U64, .help = "movements of a pointer, and its buttons"),
	FIELD_NUM(ev_keyinput, bus, "bus", F_ENUM, .words = buses, .help = "how the device is connected"),
	FIELD_NUM(ev_keyinput, vendor, "vendor", F_U64, .flags = FIELD_HEX, .help = "number of its vendor"),
	FIELD_NUM(ev_keyinput, product, "product", F_U64, .flags = FIELD_HEX, .help = "number of the product"),
	{ .name = NULL },
};

const struct tracer_info tracer_keyinput = {
	.name = "keyinput",
	.class = EV_BULK,
	.flags = TR_SENSITIVE | TR_CONFIGURED,
	.help = "how much is typed on each input device, each second; never what",
	.events = events,
	.min_size = sizeof(struct ev_keyinput),
	.fields = fields,
};
