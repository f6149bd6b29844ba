package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// This file fetches files from mirrors. Nothing they send is trusted: neither its
// length, nor that it ends, nor its content.

const (
	// A machine without network must not wait for long: two seconds are time for a
	// lost first packet to be sent again.
	connectTimeout   = 2 * time.Second
	handshakeTimeout = 5 * time.Second
	silenceTimeout   = 10 * time.Second

	progressStep = 1 << 16 // bytes between two reports
)

// newClient is the client used if the caller has none. Finish with close.
func newClient() (client *http.Client, close func()) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout: handshakeTimeout,
		ForceAttemptHTTP2:   true,
	}
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// download fetches a file from the first mirror that delivers it right.
func (f *finder) download(ctx context.Context, file *SourceFile) (Content, error) {
	failed := &DownloadError{File: file.Name}
	for i, mirror := range f.mirrors {
		address := strings.TrimSuffix(mirror, "/") + "/" + file.remote()
		content, err := f.fetch(ctx, file, address)
		if err == nil {
			f.mirrors[0], f.mirrors[i] = f.mirrors[i], f.mirrors[0]
			for _, a := range failed.Attempts {
				f.warn(fmt.Errorf("data: cannot download %w", &a))
			}
			return content, nil
		}
		if ctx.Err() != nil {
			return Content{}, fmt.Errorf("data: downloading %s: %w", address, ctx.Err())
		}
		failed.Attempts = append(failed.Attempts, Attempt{URL: address, Err: err})
	}
	return Content{}, failed
}

// fetch downloads a file from one address.
func (f *finder) fetch(ctx context.Context, file *SourceFile, address string) (Content, error) {
	timeout := cmp.Or(f.config.Timeout, silenceTimeout)
	silence := fmt.Errorf("silent for %v", timeout)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(timeout, func() { cancel(silence) })
	defer watchdog.Stop()

	content, err := f.get(ctx, file, address, func() { watchdog.Reset(timeout) })
	if err != nil && context.Cause(ctx) == silence {
		return Content{}, silence
	}
	return content, err
}

// get requests a file and reads it; heard is called with every sign of life.
func (f *finder) get(ctx context.Context, file *SourceFile, address string, heard func()) (Content, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Content{}, err
	}
	// The file is wanted as it is: a transport that asks for compression unpacks
	// what it then gets, and the total would not be that of the bytes received.
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", "chainrule")
	response, err := f.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the address, which the caller adds
		}
		return Content{}, err
	}
	defer response.Body.Close()
	heard()
	if response.StatusCode != http.StatusOK {
		return Content{}, fmt.Errorf("HTTP status %s", response.Status)
	}
	body := &meter{
		body:     response.Body,
		limit:    file.Size + 1<<16,
		heard:    heard,
		report:   f.config.Progress,
		progress: Progress{File: file.Name, URL: address, Total: response.ContentLength},
	}
	body.tell()
	content, err := file.read(body, address)
	if err != nil {
		return Content{}, err
	}
	body.progress.Done = true
	body.tell()
	return content, nil
}

// meter reads the body of a response, reports progress, and refuses to go beyond a
// limit: a stream that never ends need not yield a single byte of content.
type meter struct {
	body     io.Reader
	limit    int64
	heard    func()
	report   func(Progress)
	progress Progress
	told     int64 // bytes at the last report
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.body.Read(p)
	if n > 0 {
		m.heard()
	}
	m.progress.Received += int64(n)
	if m.progress.Received > m.limit {
		return 0, fmt.Errorf("longer than %d bytes", m.limit)
	}
	if m.progress.Received-m.told >= progressStep {
		m.tell()
	}
	return n, err
}

// tell reports the progress.
func (m *meter) tell() {
	m.told = m.progress.Received
	if m.report != nil {
		m.report(m.progress)
	}
}
