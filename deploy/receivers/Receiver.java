// A receiver for the webhook connector, to try it with: checks each event's signature and prints the event's type.
//
// usage: java Receiver.java SECRET [PORT]      (SECRET: whsec_ and Base64, the connection's signing secret; PORT: 9000)
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long TOLERANCE_SECONDS = 300;
    // A real receiver reads the JSON with its JSON library.
    static final Pattern TYPE = Pattern.compile("\"type\"\\s*:\\s*\"(org\\.skillgate\\.[a-z.]+\\.v1)\"");

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 0) {
            System.err.println("usage: java Receiver.java SECRET [PORT]");
            System.exit(1);
        }
        byte[] key = Base64.getDecoder().decode(arguments[0].replaceFirst("^whsec_", ""));
        int port = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 9000;
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> receive(exchange, key));
        server.start();
        System.out.println("waiting for events on http://127.0.0.1:" + port + "/");
    }

    static void receive(HttpExchange exchange, byte[] key) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        boolean genuine = signatureIsRight(exchange.getRequestHeaders(), body, key);
        // Before the answer: the gateway sends the next event as soon as it has the answer.
        System.out.println(genuine ? line(new String(body, StandardCharsets.UTF_8)) : "refused: the signature is wrong");
        exchange.sendResponseHeaders(genuine ? 204 : 401, -1);
        exchange.close();
    }

    static String line(String event) {
        Matcher type = TYPE.matcher(event);
        return "signature ok  " + (type.find() ? type.group(1) : "an event without a type");
    }

    static boolean signatureIsRight(Headers headers, byte[] body, byte[] key) {
        String moment = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (moment == null || signatures == null || !moment.matches("\\d{1,12}")) return false;
        if (Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(moment)) > TOLERANCE_SECONDS) return false;
        byte[] expected;
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update((headers.getFirst("webhook-id") + "." + moment + ".").getBytes(StandardCharsets.UTF_8));
            expected = mac.doFinal(body);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
        for (String one : signatures.split(" ")) {
            if (!one.startsWith("v1,")) continue;
            try {
                if (MessageDigest.isEqual(Base64.getDecoder().decode(one.substring(3)), expected)) return true;
            } catch (IllegalArgumentException notBase64) {
                // Another signature may be right.
            }
        }
        return false;
    }
}
