//go:build !noasm

#include "textflag.h"

// CLEAR sets four registers to 0, all of their bits.
#define CLEAR(A, B, C, D) \
	VXORPS A, A, A; \
	VXORPS B, B, B; \
	VXORPS C, C, C; \
	VXORPS D, D, D

// FOUR sets four registers to ONE·ONE + themselves, which does not depend on the
// other three.
#define FOUR(FMA, ONE, A, B, C, D) \
	FMA ONE, ONE, A; \
	FMA ONE, ONE, B; \
	FMA ONE, ONE, C; \
	FMA ONE, ONE, D

// LOOP256 and LOOP512 run twelve independent multiply-adds iterations times, which
// hides their latency. All numbers are 0.
#define LOOP256(FMA) \
	MOVQ iterations+0(FP), AX; \
	CLEAR(Y0, Y1, Y2, Y3); \
	CLEAR(Y4, Y5, Y6, Y7); \
	CLEAR(Y8, Y9, Y10, Y11); \
	VXORPS Y12, Y12, Y12; \
	TESTQ AX, AX; \
	JLE done; \
loop: \
	FOUR(FMA, Y12, Y0, Y1, Y2, Y3); \
	FOUR(FMA, Y12, Y4, Y5, Y6, Y7); \
	FOUR(FMA, Y12, Y8, Y9, Y10, Y11); \
	DECQ AX; \
	JNE loop; \
done: \
	VZEROUPPER; \
	RET

#define LOOP512(FMA) \
	MOVQ iterations+0(FP), AX; \
	CLEAR(Y0, Y1, Y2, Y3); \
	CLEAR(Y4, Y5, Y6, Y7); \
	CLEAR(Y8, Y9, Y10, Y11); \
	VXORPS Y12, Y12, Y12; \
	TESTQ AX, AX; \
	JLE done; \
loop: \
	FOUR(FMA, Z12, Z0, Z1, Z2, Z3); \
	FOUR(FMA, Z12, Z4, Z5, Z6, Z7); \
	FOUR(FMA, Z12, Z8, Z9, Z10, Z11); \
	DECQ AX; \
	JNE loop; \
done: \
	VZEROUPPER; \
	RET

// func fmaLoopF32AVX2(iterations int)
TEXT ·fmaLoopF32AVX2(SB), NOSPLIT, $0-8
	LOOP256(VFMADD231PS)

// func fmaLoopF64AVX2(iterations int)
TEXT ·fmaLoopF64AVX2(SB), NOSPLIT, $0-8
	LOOP256(VFMADD231PD)

// func fmaLoopF32AVX512(iterations int)
TEXT ·fmaLoopF32AVX512(SB), NOSPLIT, $0-8
	LOOP512(VFMADD231PS)

// func fmaLoopF64AVX512(iterations int)
TEXT ·fmaLoopF64AVX512(SB), NOSPLIT, $0-8
	LOOP512(VFMADD231PD)
