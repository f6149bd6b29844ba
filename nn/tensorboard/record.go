package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
)

// Event files are TFRecord files. A record is
//
//	length of the data, 8 bytes
//	masked CRC-32C of the length's bytes, 4 bytes
//	data
//	masked CRC-32C of the data, 4 bytes
//
// all little-endian. The checksum is masked since sums of data that hold their own are
// weak.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of data, rotated right by 15 bits, plus a constant.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// appendRecord appends the record that holds data.
func appendRecord(file, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	file = append(file, length...)
	file = binary.LittleEndian.AppendUint32(file, maskedCRC(length))
	file = append(file, data...)
	return binary.LittleEndian.AppendUint32(file, maskedCRC(data))
}
